// Owns the tests of whom a request comes from: by which token, for how long, and from which pages.

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { BACKGROUND_HEADER, sessionSchema } from '../../../../protocol/api/session.ts';
import { USERNAME } from '../sessionsStage.ts';
import { COOKIE, LOGIN, LOGOUT, RIGHT, SESSION, bearer, codeOf, cookie, loginStage } from './loginStage.ts';

const HOUR_MS = 3_600_000;

describe('a session', () => {
  test.each([
    ['a bearer token', bearer],
    ['a cookie', cookie],
  ])('is known by %s', async (_what, by) => {
    const { ask, clock, logIn } = await loginStage();
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
    const { ask } = await loginStage();
    const { status, json, headers } = await ask('GET', SESSION);
    expect([status, codeOf(json), headers['www-authenticate']]).toEqual([
      401,
      'unauthenticated',
      'Bearer realm="octoporty"',
    ]);
  });

  test.each([SESSION.toUpperCase(), SESSION.replace('api', 'Api'), `${SESSION}/`])(
    'is needed for %s too, however a route is written',
    async (path) => {
      const { ask, logIn } = await loginStage();
      expect((await ask('GET', path)).status).toBe(401);
      expect((await ask('GET', path, { headers: bearer(await logIn()) })).status).toBe(200);
    },
  );

  test('moves on with its use, and its cookie with it', async () => {
    const { ask, clock, logIn } = await loginStage();
    const token = await logIn();
    for (let n = 0; n < 3; n += 1) {
      clock.pass(11 * HOUR_MS);
      const { status, headers } = await ask('GET', SESSION, { headers: cookie(token) });
      expect(status).toBe(200);
      expect(headers['set-cookie']).toEqual([
        `${COOKIE}=${token}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict`,
      ]);
    }
    clock.pass(12 * HOUR_MS);
    expect((await ask('GET', SESSION, { headers: cookie(token) })).status).toBe(401);
  });

  test('does not move on with what a page reads by itself, nor with its hub, and ends unused', async () => {
    const { ask, authentication, clock, logIn } = await loginStage();
    const token = await logIn();
    const background = { ...cookie(token), [BACKGROUND_HEADER]: '1' };
    for (let hours = 1; hours < 12; hours += 1) {
      clock.pass(HOUR_MS);
      const { status, headers } = await ask('GET', SESSION, { headers: background });
      expect([status, headers['set-cookie']]).toEqual([200, undefined]);
      authentication.authenticateUpgrade(upgradeOf(cookie(token)));
    }
    clock.pass(HOUR_MS);
    expect((await ask('GET', SESSION, { headers: background })).status).toBe(401);
  });

  test('moves on with what changes something, however it is marked', async () => {
    const { ask, clock, logIn } = await loginStage();
    const [token, other] = [await logIn(), await logIn()];
    clock.pass(11 * HOUR_MS);
    const headers = { ...bearer(token), [BACKGROUND_HEADER]: '1' };
    // Of no route: it is a use all the same.
    await ask('POST', SESSION, { headers });
    clock.pass(11 * HOUR_MS);
    expect((await ask('GET', SESSION, { headers })).status).toBe(200);
    expect((await ask('GET', SESSION, { headers: bearer(other) })).status).toBe(401);
  });

  test('near its last day has a cookie that lasts no longer than it does', async () => {
    const { ask, clock, logIn } = await loginStage();
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
    const { ask, logIn } = await loginStage();
    const { headers } = await ask('GET', SESSION, { headers: bearer(await logIn()) });
    expect(headers['set-cookie']).toBeUndefined();
  });

  test('ends with the logout, on the server and in the browser, and no other does', async () => {
    const { ask, logIn, logouts } = await loginStage();
    const [token, other] = [await logIn(), await logIn()];
    const { status, text, headers } = await ask('POST', LOGOUT, { headers: cookie(token) });
    expect([status, text, logouts()]).toEqual([204, '', 1]);
    expect(headers['set-cookie']).toEqual([`${COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict`]);
    for (const by of [cookie, bearer]) {
      expect((await ask('GET', SESSION, { headers: by(token) })).status).toBe(401);
      expect((await ask('GET', SESSION, { headers: by(other) })).status).toBe(200);
    }
  });

  test('survives a restart of the agent, a logout does too', async () => {
    const { ask, logIn, restart } = await loginStage();
    const [token, ended] = [await logIn(), await logIn()];
    await ask('POST', LOGOUT, { headers: bearer(ended) });
    const again = await restart();
    expect((await again.ask('GET', SESSION, { headers: bearer(token) })).status).toBe(200);
    expect((await again.ask('GET', SESSION, { headers: bearer(ended) })).status).toBe(401);
  });

  test('ends when the password is changed', async () => {
    const { logIn, restart } = await loginStage();
    const token = await logIn();
    const { ask } = await restart({ password: 'another password' });
    expect((await ask('GET', SESSION, { headers: bearer(token) })).status).toBe(401);
  });

  test('a right token in the header wins over a wrong cookie, a wrong one over a right cookie', async () => {
    const { ask, logIn } = await loginStage();
    const token = await logIn();
    const status = async (headers: Record<string, string>) => (await ask('GET', SESSION, { headers })).status;
    expect(await status({ ...bearer(token), ...cookie('wrong') })).toBe(200);
    expect(await status({ ...bearer('wrong'), ...cookie(token) })).toBe(401);
    expect(await status({ authorization: 'Basic YTpi', ...cookie(token) })).toBe(200);
  });

  test('is found among the cookies of other programs on the same host', async () => {
    const { ask, logIn } = await loginStage();
    const token = await logIn();
    const status = async (header: string) =>
      (await ask('GET', SESSION, { headers: { cookie: header } })).status;
    expect(await status(`a=b; ${COOKIE}=other; ${cookie(token).cookie}; c`)).toBe(200);
    expect(await status(`a=${token}; ${COOKIE}s${token}; ${token}`)).toBe(401);
  });

  test('lasts beside one at another agent of the same host name, whose cookies a browser keeps together', async () => {
    const { ask, logIn, restart } = await loginStage();
    const other = await restart({ agentId: '00000000-0000-4000-8000-000000000001' });
    const mine = cookie(await logIn()).cookie;
    const { headers } = await other.ask('POST', LOGIN, { body: RIGHT, headers: { cookie: mine } });
    const theirs = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    // As a browser keeps them: one value for each name.
    const kept = new Map([mine, theirs].map((pair) => [pair.split('=')[0], pair]));
    const both = { cookie: [...kept.values()].join('; ') };
    expect((await ask('GET', SESSION, { headers: both })).status).toBe(200);
    expect((await other.ask('GET', SESSION, { headers: both })).status).toBe(200);
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
    const { ask, logIn, port } = await loginStage();
    const token = await logIn();
    const answer = await ask('POST', LOGOUT, { headers: { ...cookie(token), ...headersOf(port) } });
    expect(answer.status).toBe(status);
    if (status === 403) expect(codeOf(answer.json)).toBe('foreign_origin');
    const isOver = (await ask('GET', SESSION, { headers: bearer(token) })).status === 401;
    expect(isOver).toBe(status === 204);
  });

  test('that is refused does not count as use', async () => {
    const { ask, clock, logIn } = await loginStage();
    const token = await logIn();
    clock.pass(11 * HOUR_MS);
    await ask('POST', LOGOUT, { headers: { ...cookie(token), origin: 'http://evil.example' } });
    clock.pass(HOUR_MS);
    expect((await ask('GET', SESSION, { headers: cookie(token) })).status).toBe(401);
  });

  test('by bearer instead passes from anywhere: no browser adds the token by itself', async () => {
    const { ask, logIn } = await loginStage();
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
      { origin: 'http://evil.example', cookie: `${COOKIE}=x` },
      'unauthenticated',
    ],
  ])('by %s', async (_what, headers, verdict) => {
    const { authentication, logIn } = await loginStage();
    const token = await logIn();
    const request = upgradeOf({ host: 'nas.local:5080', ...cookie(token), ...headers });
    if (verdict === 'in') expect(authentication.authenticateUpgrade(request).username).toBe(USERNAME);
    else
      expect(() => authentication.authenticateUpgrade(request)).toThrow(
        expect.objectContaining({ code: verdict }),
      );
  });

  test('by bearer passes from anywhere', async () => {
    const { authentication, logIn } = await loginStage();
    const request = upgradeOf({ origin: 'http://evil.example', ...bearer(await logIn()) });
    expect(authentication.authenticateUpgrade(request).username).toBe(USERNAME);
  });

  test('is no longer logged in after the logout, and being asked so does not keep it logged in', async () => {
    const { ask, authentication, clock, logIn } = await loginStage();
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

function upgradeOf(headers: Record<string, string>): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  Object.assign(request.headers, headers);
  return request;
}
