// Owns the tests of logging in over HTTP: who gets in, by what, from where, for how long, and what is said of it.

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loggedInSchema, sessionSchema } from '../../../../protocol/api/session.ts';
import { authRoutes } from '../../../../services/agent/api/auth.ts';
import { createAuthentication } from '../../../../services/agent/api/authentication.ts';
import { createLockout } from '../../../../services/agent/lockout.ts';
import type { SessionsOptions } from '../../../../services/agent/sessions.ts';
import { PASSWORD, USERNAME, sessionsStage } from '../sessionsStage.ts';
import { openApi, type ApiAnswer } from './apiStage.ts';

const HOUR_MS = 3_600_000;
const LOGIN = '/api/v1/auth/login';
const LOGOUT = '/api/v1/auth/logout';
const SESSION = '/api/v1/auth/session';
const RIGHT = { username: USERNAME, password: PASSWORD };
const WRONG = { username: USERNAME, password: 'hunter2hunter2' };

describe('a login', () => {
  test('gives a token, and the same one as a cookie that no script reads and no other site sends', async () => {
    const { ask, clock } = await stage();
    const answer = await ask('POST', LOGIN, { body: RIGHT });
    const { token, expiresAt } = loggedInSchema.parse(answer.json);
    expect(answer.status).toBe(200);
    expect(expiresAt).toBe(new Date(clock.wallMs() + 12 * HOUR_MS).toISOString());
    expect(answer.headers['set-cookie']).toEqual([
      `octoporty_session=${token}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict`,
    ]);
  });

  test('that came by TLS gets a cookie that is sent by TLS only', async () => {
    const { ask } = await stage();
    const { headers } = await ask('POST', LOGIN, { body: RIGHT, headers: { 'x-forwarded-proto': 'https' } });
    expect(headers['set-cookie']?.[0]).toMatch(/; SameSite=Strict; Secure$/);
  });

  test.each([
    ['password', { ...RIGHT, password: `${PASSWORD}x` }],
    ['user name', { ...RIGHT, username: 'root' }],
    ['user name and password', { username: 'root', password: 'x' }],
    ['case of the password', { ...RIGHT, password: PASSWORD.toUpperCase() }],
  ])('with a wrong %s is told the same, and gets no cookie', async (_what, body) => {
    const { ask } = await stage();
    const { status, json, headers } = await ask('POST', LOGIN, { body });
    expect([status, json]).toEqual([
      401,
      {
        type: 'about:blank',
        status: 401,
        title: 'The user name or the password is wrong.',
        code: 'wrong_password',
      },
    ]);
    expect(headers['set-cookie']).toBeUndefined();
  });

  test.each([
    [{ password: 'x' }, ['username']],
    [{ username: 'x' }, ['password']],
    [{}, ['username', 'password']],
    [{ username: '', password: '' }, ['username', 'password']],
    [{ username: 'x'.repeat(1_001), password: 'x'.repeat(1_001) }, ['username', 'password']],
    [{ username: 1, password: ['x'] }, ['username', 'password']],
    [[], ['']],
    ['{"username":', ['']],
  ])('as %j is refused by field', async (body, fields) => {
    const { ask } = await stage();
    const headers = { 'content-type': 'application/json' };
    const { status, json } = await ask('POST', LOGIN, { body, headers });
    expect([status, codeOf(json)]).toEqual([400, 'invalid']);
    const { errors } = z.object({ errors: z.array(z.object({ field: z.string() })) }).parse(json);
    expect(errors.map(({ field }) => field)).toEqual(fields);
  });

  test('that is no JSON is refused: a form of another site sends none', async () => {
    const { ask } = await stage();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { status, json } = await ask('POST', LOGIN, { body: 'username=admin', headers });
    expect([status, codeOf(json)]).toEqual([415, 'not_json']);
  });

  test('of more than 64 KiB is refused', async () => {
    const { ask } = await stage();
    const { status, json } = await ask('POST', LOGIN, { body: { ...RIGHT, password: 'x'.repeat(65_536) } });
    expect([status, codeOf(json)]).toEqual([413, 'too_large']);
  });

  test.each([{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }])(
    'from the page of another site is refused, though the password is right: %o',
    async (headers) => {
      const { ask } = await stage();
      const { status, json } = await ask('POST', LOGIN, { body: RIGHT, headers });
      expect([status, codeOf(json)]).toEqual([403, 'foreign_origin']);
    },
  );

  test('under a foreign host name is refused', async () => {
    const { ask } = await stage();
    const { status, json } = await ask('POST', LOGIN, { body: RIGHT, headers: { host: 'evil.example' } });
    expect([status, codeOf(json)]).toEqual([421, 'unknown_name']);
  });

  test('leaves neither the password nor what was typed nor the token in the log', async () => {
    const { ask, allLogged } = await stage();
    const { json } = await ask('POST', LOGIN, { body: RIGHT });
    const { token } = loggedInSchema.parse(json);
    // The password in the wrong field, and in a body that cannot be read.
    await ask('POST', LOGIN, { body: { username: PASSWORD, password: WRONG.password } });
    await ask('POST', LOGIN, { body: PASSWORD, headers: { 'content-type': 'application/json' } });
    await ask('GET', SESSION, { headers: bearer(`${token}x`) });
    const text = JSON.stringify(allLogged());
    expect(text).toContain('A login failed');
    for (const secret of [PASSWORD, WRONG.password, token]) expect(text).not.toContain(secret);
  });
});

describe('after five failures in a minute', () => {
  test('even the right password is refused, with the seconds to wait, but not from another address', async () => {
    const { ask, clock, logIn } = await stage();
    for (let n = 0; n < 5; n += 1) {
      expect((await ask('POST', LOGIN, { body: WRONG })).status).toBe(401);
      clock.pass(1_000);
    }
    const locked = await ask('POST', LOGIN, { body: RIGHT });
    expect([locked.status, codeOf(locked.json), locked.headers['retry-after']]).toEqual([
      429,
      'locked_out',
      '55',
    ]);
    expect((await ask('POST', LOGIN, { body: RIGHT, from: '127.0.0.2' })).status).toBe(200);
    clock.pass(55_000);
    await logIn();
  });

  test('it is the socket that counts, whatever a header says', async () => {
    const { ask } = await stage();
    for (let n = 0; n < 5; n += 1) {
      await ask('POST', LOGIN, { body: WRONG, headers: { 'x-forwarded-for': `192.0.2.${n}` } });
    }
    const headers = { 'x-forwarded-for': '192.0.2.99' };
    expect((await ask('POST', LOGIN, { body: RIGHT, headers })).status).toBe(429);
  });

  test('no more than five of many attempts at once are looked at', async () => {
    const { ask } = await stage();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('POST', LOGIN, { body: WRONG })));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(15);
  });

  test('who is logged in stays so', async () => {
    const { ask, logIn } = await stage();
    const token = await logIn();
    for (let n = 0; n < 6; n += 1) await ask('POST', LOGIN, { body: WRONG });
    expect((await ask('GET', SESSION, { headers: bearer(token) })).status).toBe(200);
  });

  test('a login in between begins the count anew', async () => {
    const { ask, logIn } = await stage();
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < 4; n += 1) await ask('POST', LOGIN, { body: WRONG });
      await logIn();
    }
  });

  test('the log says so once', async () => {
    const { ask, allLogged } = await stage();
    for (let n = 0; n < 9; n += 1) await ask('POST', LOGIN, { body: WRONG });
    const warnings = allLogged().filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(5);
    expect(warnings.at(-1)).toEqual({
      level: 'warn',
      fields: { address: '127.0.0.1' },
      message: 'Logins failed too often: the address has to wait.',
    });
  });
});

describe('a session', () => {
  test.each([
    ['a bearer token', bearer],
    ['a cookie', cookie],
  ])('is known by %s', async (_what, by) => {
    const { ask, clock, logIn } = await stage();
    const createdMs = clock.wallMs();
    const token = await logIn();
    clock.pass(HOUR_MS);
    const { status, json } = await ask('GET', SESSION, { headers: by(token) });
    expect([status, sessionSchema.parse(json)]).toEqual([
      200,
      {
        username: USERNAME,
        createdAt: new Date(createdMs).toISOString(),
        expiresAt: new Date(clock.wallMs() + 12 * HOUR_MS).toISOString(),
      },
    ]);
  });

  test('without one, a route that needs it says how to log in', async () => {
    const { ask } = await stage();
    const { status, json, headers } = await ask('GET', SESSION);
    expect([status, codeOf(json), headers['www-authenticate']]).toEqual([
      401,
      'unauthenticated',
      'Bearer realm="octoporty"',
    ]);
  });

  test('moves on with its use, and its cookie with it', async () => {
    const { ask, clock, logIn } = await stage();
    const token = await logIn();
    for (let n = 0; n < 3; n += 1) {
      clock.pass(11 * HOUR_MS);
      const { status, headers } = await ask('GET', SESSION, { headers: cookie(token) });
      expect(status).toBe(200);
      expect(headers['set-cookie']).toEqual([
        `octoporty_session=${token}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict`,
      ]);
    }
    clock.pass(12 * HOUR_MS);
    expect((await ask('GET', SESSION, { headers: cookie(token) })).status).toBe(401);
  });

  test('near its last day has a cookie that lasts no longer than it does', async () => {
    const { ask, clock, logIn } = await stage();
    const token = await logIn();
    for (let n = 0; n < 71; n += 1) {
      clock.pass(10 * HOUR_MS);
      await ask('GET', SESSION, { headers: cookie(token) });
    }
    clock.pass(6 * HOUR_MS);
    const { headers } = await ask('GET', SESSION, { headers: cookie(token) });
    expect(headers['set-cookie']?.[0]).toContain('Max-Age=14400;');
  });

  test('by bearer sets no cookie', async () => {
    const { ask, logIn } = await stage();
    const { headers } = await ask('GET', SESSION, { headers: bearer(await logIn()) });
    expect(headers['set-cookie']).toBeUndefined();
  });

  test('ends with the logout, on the server and in the browser, and no other does', async () => {
    const { ask, logIn } = await stage();
    const [token, other] = [await logIn(), await logIn()];
    const { status, text, headers } = await ask('POST', LOGOUT, { headers: cookie(token) });
    expect([status, text]).toEqual([204, '']);
    expect(headers['set-cookie']).toEqual([
      'octoporty_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict',
    ]);
    for (const by of [cookie, bearer]) {
      expect((await ask('GET', SESSION, { headers: by(token) })).status).toBe(401);
      expect((await ask('GET', SESSION, { headers: by(other) })).status).toBe(200);
    }
  });

  test('survives a restart of the agent, a logout does too', async () => {
    const { ask, logIn, restart } = await stage();
    const [token, ended] = [await logIn(), await logIn()];
    await ask('POST', LOGOUT, { headers: bearer(ended) });
    const again = await restart();
    expect((await again.ask('GET', SESSION, { headers: bearer(token) })).status).toBe(200);
    expect((await again.ask('GET', SESSION, { headers: bearer(ended) })).status).toBe(401);
  });

  test('ends when the password is changed', async () => {
    const { logIn, restart } = await stage();
    const token = await logIn();
    const { ask } = await restart({ password: 'another password' });
    expect((await ask('GET', SESSION, { headers: bearer(token) })).status).toBe(401);
  });

  test('a right token in the header wins over a wrong cookie, a wrong one over a right cookie', async () => {
    const { ask, logIn } = await stage();
    const token = await logIn();
    const status = async (headers: Record<string, string>) => (await ask('GET', SESSION, { headers })).status;
    expect(await status({ ...bearer(token), ...cookie('wrong') })).toBe(200);
    expect(await status({ ...bearer('wrong'), ...cookie(token) })).toBe(401);
    expect(await status({ authorization: 'Basic YTpi', ...cookie(token) })).toBe(200);
  });

  test('is found among the cookies of other programs on the same host', async () => {
    const { ask, logIn } = await stage();
    const token = await logIn();
    const status = async (header: string) =>
      (await ask('GET', SESSION, { headers: { cookie: header } })).status;
    expect(await status(`a=b; octoporty_session=other; ${cookie(token).cookie}; c`)).toBe(200);
    expect(await status(`a=${token}; octoporty_sessions${token}; ${token}`)).toBe(401);
  });
});

describe('a write by cookie', () => {
  test.each<[string, (port: number) => Record<string, string>, number]>([
    [
      'our own page',
      (port) => ({ origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' }),
      204,
    ],
    ['no browser', () => ({}), 204],
    ['another site', () => ({ origin: 'http://evil.example' }), 403],
    [
      'another port of this host',
      () => ({ origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }),
      403,
    ],
    ['a browser that sends no Origin', () => ({ 'sec-fetch-site': 'cross-site' }), 403],
    ['our host by TLS', (port) => ({ origin: `https://127.0.0.1:${port}` }), 403],
    ['a page without an origin', () => ({ origin: 'null' }), 403],
  ])('from %s', async (_whom, headersOf, status) => {
    const { ask, logIn, port } = await stage();
    const token = await logIn();
    const answer = await ask('POST', LOGOUT, { headers: { ...cookie(token), ...headersOf(port) } });
    expect(answer.status).toBe(status);
    if (status === 403) expect(codeOf(answer.json)).toBe('foreign_origin');
    const isOver = (await ask('GET', SESSION, { headers: bearer(token) })).status === 401;
    expect(isOver).toBe(status === 204);
  });

  test('that is refused does not count as use', async () => {
    const { ask, clock, logIn } = await stage();
    const token = await logIn();
    clock.pass(11 * HOUR_MS);
    await ask('POST', LOGOUT, { headers: { ...cookie(token), origin: 'http://evil.example' } });
    clock.pass(HOUR_MS);
    expect((await ask('GET', SESSION, { headers: cookie(token) })).status).toBe(401);
  });

  test('by bearer instead passes from anywhere: no browser adds the token by itself', async () => {
    const { ask, logIn } = await stage();
    const token = await logIn();
    const headers = { ...bearer(token), ...cookie(token), origin: 'http://evil.example' };
    expect((await ask('POST', LOGOUT, { headers })).status).toBe(204);
  });
});

describe('an upgrade', () => {
  test.each<[string, Record<string, string>, string]>([
    ['a cookie from our own page', { origin: 'http://nas.local:5080' }, 'in'],
    ['a cookie from another site', { origin: 'http://evil.example' }, 'foreign_origin'],
    ['a cookie without a browser', {}, 'in'],
    [
      'a wrong cookie from another site',
      { origin: 'http://evil.example', cookie: 'octoporty_session=x' },
      'unauthenticated',
    ],
  ])('by %s', async (_what, headers, verdict) => {
    const { authentication, logIn } = await stage();
    const token = await logIn();
    const request = upgradeOf({ host: 'nas.local:5080', ...cookie(token), ...headers });
    if (verdict === 'in') expect(authentication.authenticateUpgrade(request).username).toBe(USERNAME);
    else
      expect(() => authentication.authenticateUpgrade(request)).toThrow(
        expect.objectContaining({ code: verdict }),
      );
  });

  test('by bearer passes from anywhere', async () => {
    const { authentication, logIn } = await stage();
    const request = upgradeOf({ origin: 'http://evil.example', ...bearer(await logIn()) });
    expect(authentication.authenticateUpgrade(request).username).toBe(USERNAME);
  });

  test('is no longer logged in after the logout, and being asked so does not keep it logged in', async () => {
    const { ask, authentication, clock, logIn } = await stage();
    const [token, idle] = [await logIn(), await logIn()];
    const [request, idleRequest] = [upgradeOf(cookie(token)), upgradeOf(cookie(idle))];
    expect(authentication.isStillLoggedIn(request)).toBe(true);
    await ask('POST', LOGOUT, { headers: cookie(token) });
    expect(authentication.isStillLoggedIn(request)).toBe(false);
    clock.pass(12 * HOUR_MS - 1);
    expect(authentication.isStillLoggedIn(idleRequest)).toBe(true);
    clock.pass(1);
    expect(authentication.isStillLoggedIn(idleRequest)).toBe(false);
  });
});

/** The agent's login on a port. */
async function stage() {
  const { clock, log, logged, start } = sessionsStage();

  async function run(changes: Partial<Pick<SessionsOptions, 'username' | 'password'>> = {}) {
    const sessions = start(changes);
    const authentication = createAuthentication(sessions, clock);
    const { open, guarded } = authRoutes({
      ...RIGHT,
      ...changes,
      sessions,
      lockout: createLockout(),
      clock,
      log,
    });
    const api = await openApi({ ...authentication, open: [open], guarded: [guarded] });
    return { ...api, authentication };
  }

  const running = await run();
  return {
    ...running,
    clock,
    /** On another port, with the same data folder. */
    restart: run,
    allLogged: () => [...logged, ...running.logged],
    async logIn(): Promise<string> {
      return tokenOf(await running.ask('POST', LOGIN, { body: RIGHT }));
    },
  };
}

function tokenOf({ json }: ApiAnswer): string {
  return loggedInSchema.parse(json).token;
}

function codeOf(json: unknown): string {
  return z.object({ code: z.string() }).parse(json).code;
}

function bearer(token: string) {
  return { authorization: `Bearer ${token}` };
}

function cookie(token: string) {
  return { cookie: `octoporty_session=${token}` };
}

function upgradeOf(headers: Record<string, string>): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  Object.assign(request.headers, headers);
  return request;
}
