// Owns the tests of logins: how long they last, what ends them, and what is kept of them where.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  IDLE_MS,
  MAX_LIFE_MS,
  MAX_SESSIONS,
  SAVE_EVERY_MS,
  type Session,
  type Sessions,
} from '../../../services/agent/sessions.ts';
import { writeWholeFile } from '../../../services/wholeFile.ts';
import { until } from '../../support/rig.ts';
import { PASSWORD, USERNAME, sessionsStage } from './sessionsStage.ts';

const HOUR_MS = 3_600_000;

test('a token of 256 random bits names its session, and nothing else does', async () => {
  const { clock, start } = sessionsStage();
  const sessions = start();
  const { token, session } = await sessions.open();
  expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  expect(session).toMatchObject({
    username: USERNAME,
    createdMs: clock.wallMs(),
    expiresMs: clock.wallMs() + 12 * HOUR_MS,
  });
  expect(sessions.find(token)).toEqual(session);
  for (const other of ['', `${token}x`, token.toLowerCase(), session.digest]) {
    expect(sessions.find(other)).toBeUndefined();
  }
});

test('a session ends twelve hours after its last use', async () => {
  const { clock, start } = sessionsStage();
  const sessions = start();
  const { token } = await sessions.open();
  clock.pass(IDLE_MS - 1);
  const used = sessions.use(found(sessions, token));
  expect(used.expiresMs).toBe(clock.wallMs() + IDLE_MS);
  clock.pass(IDLE_MS - 1);
  expect(sessions.find(token)).toEqual(used);
  clock.pass(1);
  expect(sessions.find(token)).toBeUndefined();
});

test('a session ends after thirty days, however much it is used', async () => {
  const { clock, start } = sessionsStage();
  const sessions = start();
  const { token, session } = await sessions.open();
  for (let days = 0; days < 29.5; days += 0.25) {
    clock.pass(6 * HOUR_MS);
    sessions.use(found(sessions, token));
  }
  expect(found(sessions, token).expiresMs).toBe(session.createdMs + 30 * 24 * HOUR_MS);
  clock.pass(12 * HOUR_MS);
  expect(sessions.find(token)).toBeUndefined();
});

test('a revoked session is over, and a use that was under way does not bring it back', async () => {
  const { start } = sessionsStage();
  const sessions = start();
  const { token, session } = await sessions.open();
  const other = await sessions.open();
  await sessions.revoke(session);
  sessions.use(session);
  expect(sessions.find(token)).toBeUndefined();
  expect(sessions.find(other.token)).toBeDefined();
  expect(start().find(token)).toBeUndefined();
});

test('of more than two hundred sessions the longest unused goes', async () => {
  const { start } = sessionsStage();
  const sessions = start();
  const first = await sessions.open();
  const second = await sessions.open();
  await Promise.all(Array.from({ length: MAX_SESSIONS - 2 }, () => sessions.open()));
  sessions.use(found(sessions, first.token));
  const last = await sessions.open();
  expect(sessions.find(second.token)).toBeUndefined();
  expect([sessions.find(first.token), sessions.find(last.token)]).not.toContain(undefined);
});

test('sessions survive a kill: each is on the disk before its login is answered', async () => {
  const { clock, start } = sessionsStage();
  const sessions = start();
  const tokens = (await Promise.all(Array.from({ length: 20 }, () => sessions.open()))).map(
    ({ token }) => token,
  );
  clock.pass(HOUR_MS);
  const again = start();
  expect(tokens.map((token) => again.find(token))).toEqual(tokens.map((token) => sessions.find(token)));
  expect(tokens.map((token) => again.find(token))).not.toContain(undefined);
});

test('an expired session does not come back with a restart, nor stay in the file', async () => {
  const { clock, path, start } = sessionsStage();
  const { token, session } = await start().open();
  clock.pass(IDLE_MS);
  const again = start();
  expect(again.find(token)).toBeUndefined();
  await again.open();
  expect(readFileSync(path, 'utf8')).not.toContain(session.digest);
});

test.each([{ password: 'another password' }, { username: 'root' }])(
  'with %o no session from before is known',
  async (changed) => {
    const { start } = sessionsStage();
    const { token } = await start().open();
    expect(start(changed).find(token)).toBeUndefined();
    expect(start().find(token)).toBeDefined();
  },
);

test('the file is for its owner only, and holds neither token, user name nor password', async () => {
  const { dataDir, path, start } = sessionsStage();
  // Left by a crash, with a mode that is none of ours.
  writeFileSync(`${path}.new`, 'half a file', { mode: 0o644 });
  const { token } = await start().open();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(dataDir)).toEqual(['sessions.json']);
  const text = readFileSync(path, 'utf8');
  for (const secret of [token, USERNAME, PASSWORD]) expect(text).not.toContain(secret);
});

test('mere use is written once a minute', async () => {
  const { clock, dataDir, path, start } = sessionsStage();
  const sessions = start();
  const { token } = await sessions.open();
  const opened = readFileSync(path, 'utf8');
  clock.pass(SAVE_EVERY_MS - 1);
  sessions.use(found(sessions, token));
  // A write that began with the use would have been before these.
  for (const name of ['a', 'b', 'c']) await writeWholeFile(join(dataDir, name), opened);
  expect(readFileSync(path, 'utf8')).toBe(opened);
  clock.pass(1);
  sessions.use(found(sessions, token));
  await until('the use is written', () => readFileSync(path, 'utf8').includes(`"usedMs":${clock.wallMs()}`));
});

test('a use within the minute is written at the end', async () => {
  const { clock, start } = sessionsStage();
  const sessions = start();
  const { token } = await sessions.open();
  clock.pass(1_000);
  const used = sessions.use(found(sessions, token));
  await sessions.stop();
  expect(start().find(token)).toEqual(used);
});

test('who never logs in leaves no file', async () => {
  const { path, start } = sessionsStage();
  await start().stop();
  expect(existsSync(path)).toBe(false);
});

test('on a disk that takes nothing sessions go on in memory, and the log says so once', async () => {
  const { clock, dataDir, path, logged, start } = sessionsStage();
  const sessions = start();
  mkdirSync(path);
  const { token } = await sessions.open();
  await sessions.open();
  clock.pass(SAVE_EVERY_MS);
  sessions.use(found(sessions, token));
  await sessions.stop();
  expect(sessions.find(token)).toBeDefined();
  expect(logged.map(({ message }) => message)).toEqual([
    'Logins cannot be kept: they end when the agent stops.',
  ]);
  expect(readdirSync(dataDir)).toEqual(['sessions.json']);
  rmSync(path, { recursive: true });
  await sessions.open();
  expect(logged.at(-1)).toMatchObject({ level: 'info', message: 'Logins are kept again.' });
  expect(start().find(token)).toBeDefined();
});

test.each([
  ['cut', '{"version":1,"sessions":[{"dig'],
  ['empty', ''],
  ['of another program', '[]'],
  ['of a later version', '{"version":2,"sessions":[]}'],
  [
    'with a time that is none',
    `{"version":1,"sessions":[{"digest":"${'a'.repeat(43)}","createdMs":"x","usedMs":1}]}`,
  ],
  ['too large', `{"version":1,"sessions":[]${' '.repeat(1024 * 1024)}}`],
])('a file that is %s is ignored with a warning, and replaced by the next login', async (_what, text) => {
  const { path, logged, start } = sessionsStage();
  writeFileSync(path, text);
  const { token } = await start().open();
  expect(logged).toMatchObject([
    { level: 'warn', message: 'The kept logins cannot be read: everybody has to log in again.' },
  ]);
  expect(start().find(token)).toBeDefined();
  expect(logged).toHaveLength(1);
});

test('a folder in the place of the file ends nothing', () => {
  const { path, logged, start } = sessionsStage();
  mkdirSync(path);
  expect(start().find('anything')).toBeUndefined();
  expect(logged.map(({ level }) => level)).toEqual(['warn']);
});

test('a clock that is put back lengthens nobody’s session by as much', async () => {
  const { clock, start } = sessionsStage();
  const sessions = start();
  const { token } = await sessions.open();
  clock.putBack(365 * 24 * HOUR_MS);
  expect(found(start(), token).expiresMs).toBe(clock.wallMs() + IDLE_MS);
  const used = sessions.use(found(sessions, token));
  expect([used.createdMs, used.expiresMs]).toEqual([clock.wallMs(), clock.wallMs() + IDLE_MS]);
  expect(used.createdMs + MAX_LIFE_MS).toBeLessThan(clock.wallMs() + 31 * 24 * HOUR_MS);
});

function found(sessions: Sessions, token: string): Session {
  const session = sessions.find(token);
  if (session === undefined) throw new Error('the session is over');
  return session;
}
