// Owns the tests of a backup that is stopped, killed, or not alone: no part of it stays, and none is named whole.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { backUp } from '../../../services/agent/backup.ts';
import { run, type Spawned } from '../spawned.ts';
import { agentWith, domainsIn, place } from './backupStage.ts';

/** A program is started on a machine that does much else. */
const PATIENCE = { timeout: 15_000 };

/** Programs are started, one after the other. */
const ALL_MS = 60_000;

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'a backup that is asked to end by %s says so, and leaves nothing',
  async (signal) => {
    const { backup, program } = await waitingBackup();
    program.kill(signal);
    expect(await program.ended).toEqual({ code: 1, stdout: '', stderr: 'Stopped: no backup was made.\n' });
    expect(namesBeside(backup)).toEqual([]);
  },
  ALL_MS,
);

test(
  'what a killed backup has left is removed by the next one of that name, and nothing else is',
  async () => {
    const { dataDir, backup, program, release } = await waitingBackup();
    program.kill('SIGKILL');
    await program.ended;
    const left = ['backup.sqlite.unfinished', 'backup.sqlite.unfinished.lock'];
    expect(namesBeside(backup)).toEqual(expect.arrayContaining(left));
    writeFileSync(`${backup}.unfinished-journal`, '');
    writeFileSync(join(dirname(backup), 'other.unfinished'), '');
    release();
    await backUp(place(dataDir), backup);
    expect(namesBeside(backup)).toEqual([basename(backup), 'other.unfinished']);
    expect(await domainsIn(backup)).toEqual(['a.test']);
  },
  ALL_MS,
);

test('of two backups of one name at once, one is made, and the other one hears of it', async () => {
  const { dataDir, backup } = await agentWith('a.test');
  const both = await Promise.allSettled([backUp(place(dataDir), backup), backUp(place(dataDir), backup)]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: {
      name: 'ConfigError',
      message: expect.stringMatching(/is being made by another backup just now/),
    },
  });
  expect(namesBeside(backup)).toEqual([basename(backup)]);
  expect(await domainsIn(backup)).toEqual(['a.test']);
});

test('a backup that was stopped before it began makes nothing', async () => {
  const { dataDir, backup } = await agentWith('a.test');
  const reason = new Error('stopped');
  await expect(backUp(place(dataDir), backup, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(namesBeside(backup)).toEqual([]);
  expect(readFileSync(join(dataDir, 'octoporty.sqlite')).length).toBeGreaterThan(0);
});

/** Somebody keeps the database locked: the backup has begun, and cannot go on until it is released. */
async function waitingBackup() {
  const { dataDir, backup } = await agentWith('a.test');
  const database = new DatabaseSync(join(dataDir, 'octoporty.sqlite'));
  onTestFinished(() => database[Symbol.dispose]());
  database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  const program: Spawned = run('services/cli.ts', ['backup', backup, '--data-dir', dataDir]);
  await expect
    .poll(() => namesBeside(backup).some((name) => name.endsWith('.unfinished')), PATIENCE)
    .toBe(true);
  return { dataDir, backup, program, release: () => database.close() };
}

function namesBeside(backup: string): string[] {
  return readdirSync(dirname(backup)).toSorted();
}
