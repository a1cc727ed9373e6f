// Owns the tests of logging in over HTTP: who gets in, what everybody else is told, and who has to wait.

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loggedInSchema } from '../../../../protocol/api/session.ts';
import { PASSWORD, USERNAME } from '../sessionsStage.ts';
import { COOKIE, LOGIN, RIGHT, SESSION, bearer, codeOf, loginStage } from './loginStage.ts';

const HOUR_MS = 3_600_000;
const WRONG = { username: USERNAME, password: 'hunter2hunter2' };

describe('a login', () => {
  test('gives a token, and the same one as a cookie that no script reads and no other site sends', async () => {
    const { ask, clock } = await loginStage();
    const answer = await ask('POST', LOGIN, { body: RIGHT });
    const { token, expiresAt } = loggedInSchema.parse(answer.json);
    expect(answer.status).toBe(200);
    expect(expiresAt).toBe(new Date(clock.wallMs() + 12 * HOUR_MS).toISOString());
    expect(answer.headers['set-cookie']).toEqual([
      `${COOKIE}=${token}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict`,
    ]);
  });

  test('that came by TLS gets a cookie that is sent by TLS only', async () => {
    const { ask } = await loginStage();
    const { headers } = await ask('POST', LOGIN, { body: RIGHT, headers: { 'x-forwarded-proto': 'https' } });
    expect(headers['set-cookie']?.[0]).toMatch(/; SameSite=Strict; Secure$/);
  });

  test.each([
    ['password', { ...RIGHT, password: `${PASSWORD}x` }],
    ['user name', { ...RIGHT, username: 'root' }],
    ['user name and password', { username: 'root', password: 'x' }],
    ['case of the password', { ...RIGHT, password: PASSWORD.toUpperCase() }],
  ])('with a wrong %s is told the same, and gets no cookie', async (_what, body) => {
    const { ask } = await loginStage();
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
    const { ask } = await loginStage();
    const headers = { 'content-type': 'application/json' };
    const { status, json } = await ask('POST', LOGIN, { body, headers });
    expect([status, codeOf(json)]).toEqual([400, 'invalid']);
    const { errors } = z.object({ errors: z.array(z.object({ field: z.string() })) }).parse(json);
    expect(errors.map(({ field }) => field)).toEqual(fields);
  });

  test('that is no JSON is refused: a form of another site sends none', async () => {
    const { ask } = await loginStage();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { status, json } = await ask('POST', LOGIN, { body: 'username=admin', headers });
    expect([status, codeOf(json)]).toEqual([415, 'not_json']);
  });

  test('of more than 64 KiB is refused', async () => {
    const { ask } = await loginStage();
    const { status, json } = await ask('POST', LOGIN, { body: { ...RIGHT, password: 'x'.repeat(65_536) } });
    expect([status, codeOf(json)]).toEqual([413, 'too_large']);
  });

  test.each([{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }])(
    'from the page of another site is refused, though the password is right: %o',
    async (headers) => {
      const { ask } = await loginStage();
      const { status, json } = await ask('POST', LOGIN, { body: RIGHT, headers });
      expect([status, codeOf(json)]).toEqual([403, 'foreign_origin']);
    },
  );

  test('under a foreign host name is refused', async () => {
    const { ask } = await loginStage();
    const { status, json } = await ask('POST', LOGIN, { body: RIGHT, headers: { host: 'evil.example' } });
    expect([status, codeOf(json)]).toEqual([421, 'unknown_name']);
  });

  test('leaves neither the password nor what was typed nor the token in the log', async () => {
    const { ask, allLogged } = await loginStage();
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
    const { ask, clock, logIn } = await loginStage();
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
    const { ask } = await loginStage();
    for (let n = 0; n < 5; n += 1) {
      await ask('POST', LOGIN, { body: WRONG, headers: { 'x-forwarded-for': `192.0.2.${n}` } });
    }
    const headers = { 'x-forwarded-for': '192.0.2.99' };
    expect((await ask('POST', LOGIN, { body: RIGHT, headers })).status).toBe(429);
  });

  test('no more than five of many attempts at once are looked at', async () => {
    const { ask } = await loginStage();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('POST', LOGIN, { body: WRONG })));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(15);
  });

  test('who is logged in stays so', async () => {
    const { ask, logIn } = await loginStage();
    const token = await logIn();
    for (let n = 0; n < 6; n += 1) await ask('POST', LOGIN, { body: WRONG });
    expect((await ask('GET', SESSION, { headers: bearer(token) })).status).toBe(200);
  });

  test('a login in between begins the count anew', async () => {
    const { ask, logIn } = await loginStage();
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < 4; n += 1) await ask('POST', LOGIN, { body: WRONG });
      await logIn();
    }
  });

  test('the log says so once', async () => {
    const { ask, allLogged } = await loginStage();
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
