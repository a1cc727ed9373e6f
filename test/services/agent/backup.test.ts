// Owns the tests of backup and restore: one file is all of an agent, taken under edits; nothing that was there is lost.

import {
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { loadAgentId } from '../../../services/agent/agentId.ts';
import { backUp } from '../../../services/agent/backup.ts';
import { lockDataFolder } from '../../../services/agent/dataFolderLock.ts';
import { restore } from '../../../services/agent/restore.ts';
import { draft } from '../store/drafts.ts';
import { storeOn, tempDir, threadedOn } from '../store/tempStore.ts';
import { agentWith, domainsIn, folders, NOW_MS, place } from './backupStage.ts';

/** An edit takes no longer on a machine that does much else. */
const PATIENCE = { timeout: 15_000 };

test('a backup under edits holds every edit that was answered before it, and edits go on meanwhile', async () => {
  const { dataDir, backup } = folders();
  const { store } = threadedOn(join(dataDir, 'octoporty.sqlite'));
  await store.open();
  const answered: string[] = [];
  const over = new AbortController();
  const edits = (async () => {
    for (let number = 0; !over.signal.aborted; number += 1) {
      const externalDomain = `n${number}.test`;
      await store.create(draft({ externalDomain }));
      answered.push(externalDomain);
    }
  })();
  await expect.poll(() => answered.length, PATIENCE).toBeGreaterThan(5);
  const before = [...answered];
  await backUp(place(dataDir), backup);
  const during = answered.length;
  await expect.poll(() => answered.length, PATIENCE).toBeGreaterThan(during);
  over.abort();
  await edits;

  const elsewhere = tempDir();
  const { mappings } = await restore(place(elsewhere), backup, NOW_MS);
  const restored = storeOn(join(elsewhere, 'octoporty.sqlite'));
  await restored.open();
  const domains = (await restored.readAll()).mappings.map(({ externalDomain }) => externalDomain);
  expect(domains).toEqual(expect.arrayContaining(before));
  expect(domains).toHaveLength(mappings);
  // Edits are numbered: no later one is there without all before it.
  expect(domains.toSorted()).toEqual(answered.slice(0, mappings).toSorted());
});

test('the agent’s id comes with it, so that the gateway knows the restored agent, and all is for its owner only', async () => {
  const { dataDir, backup } = await agentWith('a.test');
  const id = loadAgentId(dataDir);
  const made = await backUp(place(dataDir), backup);
  expect(made).toEqual({ path: backup, bytes: statSync(backup).size });
  expect(readdirSync(join(backup, '..'))).toEqual(['backup.sqlite']);
  const elsewhere = tempDir();
  const restored = await restore(place(elsewhere), backup, NOW_MS);
  expect(restored).toEqual({ path: join(elsewhere, 'octoporty.sqlite'), mappings: 1, before: null });
  expect(loadAgentId(elsewhere)).toBe(id);
  const files = [backup, restored.path, join(elsewhere, 'agent-id')];
  expect(files.map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
  // Put in the database's place by hand it would serve as it is, too.
  expect(await domainsIn(backup)).toEqual(['a.test']);
});

test('what was in the folder stays there under another name, with what SQLite keeps beside it', async () => {
  const { dataDir, backup } = await agentWith('a.test');
  await backUp(place(dataDir), backup);
  const { dataDir: other } = await agentWith('b.test');
  const oldId = loadAgentId(other);
  writeFileSync(join(other, 'octoporty.sqlite-wal'), '');
  const { before } = await restore(place(other), backup, NOW_MS);
  expect(before).toBe(join(other, 'octoporty.sqlite.before-20261123T031500'));
  expect(await domainsIn(join(other, 'octoporty.sqlite'))).toEqual(['a.test']);
  expect(existsSync(`${before}-wal`)).toBe(true);
  expect(await domainsIn(before ?? '')).toEqual(['b.test']);
  expect(readFileSync(join(other, 'agent-id.before-20261123T031500'), 'utf8')).toBe(`${oldId}\n`);
});

test('a plain copy of a stopped agent’s database is restored too, and the folder keeps its id', async () => {
  const { dataDir } = await agentWith('a.test');
  const { dataDir: other } = await agentWith('b.test');
  const id = loadAgentId(other);
  await restore(place(other), join(dataDir, 'octoporty.sqlite'), NOW_MS);
  expect(await domainsIn(join(other, 'octoporty.sqlite'))).toEqual(['a.test']);
  expect(loadAgentId(other)).toBe(id);
});

test('nothing is restored below an agent that runs', async () => {
  const { dataDir, backup } = await agentWith('a.test');
  await backUp(place(dataDir), backup);
  const { dataDir: other } = await agentWith('b.test');
  const lock = await lockDataFolder(other, { warn: () => expect.unreachable() });
  await expect(restore(place(other), backup, NOW_MS)).rejects.toThrow(
    /^Another running agent uses the data folder/,
  );
  lock.release();
  expect(await domainsIn(join(other, 'octoporty.sqlite'))).toEqual(['b.test']);
});

test.each([
  [
    'no database',
    (file: string) => writeFileSync(file, 'not a database'),
    /cannot be restored: it is no backup of an agent\.$/,
  ],
  ['another database', (file: string) => make(file, 'CREATE TABLE x (y)'), /is no backup of an agent/],
  [
    'one of a newer version',
    (file: string) =>
      make(
        file,
        "CREATE TABLE port_mappings (x); CREATE TABLE migrations (name); INSERT INTO migrations VALUES ('9999')",
      ),
    /was made by a newer version \(9999\)/,
  ],
  ['nothing', () => {}, /^There is no .* to restore/],
])('a file that is %s is refused, and the folder stays as it was', async (_, write, sentence) => {
  const { dataDir } = await agentWith('a.test');
  const file = join(tempDir(), 'backup.sqlite');
  write(file);
  const before = readdirSync(dataDir);
  await expect(restore(place(dataDir), file, NOW_MS)).rejects.toThrow(
    expect.objectContaining({ name: 'ConfigError', message: expect.stringMatching(sentence) }),
  );
  expect(readdirSync(dataDir).filter((name) => name !== 'agent.lock')).toEqual(before);
  expect(await domainsIn(join(dataDir, 'octoporty.sqlite'))).toEqual(['a.test']);
});

test('of two restores within one second each keeps what it has found, under names of its own', async () => {
  const { dataDir, backup } = await agentWith('a.test');
  await backUp(place(dataDir), backup);
  const { dataDir: other, id } = await agentWith('b.test');
  const { before: first } = await restore(place(other), backup, NOW_MS);
  const second = await restore(
    place(other),
    join((await agentWith('c.test')).dataDir, 'octoporty.sqlite'),
    NOW_MS,
  );
  const { before: third } = await restore(place(other), backup, NOW_MS);
  const kept = [first, second.before, third].map((path) => path ?? '');
  expect(new Set(kept).size).toBe(3);
  expect(await Promise.all(kept.map(domainsIn))).toEqual([['b.test'], ['a.test'], ['c.test']]);
  expect(readFileSync(join(other, 'agent-id.before-20261123T031500'), 'utf8')).toBe(`${id}\n`);
});

test.each(['agent-id.before-20261123T031500', 'octoporty.sqlite.before-20261123T031500-wal'])(
  'where %s is taken, all that belongs together gets another name',
  async (taken) => {
    const { dataDir, backup } = await agentWith('a.test');
    await backUp(place(dataDir), backup);
    const { dataDir: other } = await agentWith('b.test');
    writeFileSync(join(other, taken), 'mine');
    const { before } = await restore(place(other), backup, NOW_MS);
    expect(before).toBe(join(other, 'octoporty.sqlite.before-20261123T031500-2'));
    expect(existsSync(join(other, 'agent-id.before-20261123T031500-2'))).toBe(true);
    expect(readFileSync(join(other, taken), 'utf8')).toBe('mine');
  },
);

test('where what SQLite keeps beside the database cannot be put aside nothing is restored, and the folder stays as it was', async () => {
  const { dataDir, backup } = await agentWith('a.test');
  await backUp(place(dataDir), backup);
  const { dataDir: other, id } = await agentWith('b.test');
  // Room for what the database's own name gets, and for one letter less than what is beside it.
  const database = join(other, 'd'.repeat(255 - '.before-20261123T031500'.length - 3));
  renameSync(join(other, 'octoporty.sqlite'), database);
  writeFileSync(`${database}-wal`, '');
  const before = readdirSync(other);
  const long = { dataDir: other, connectionString: `sqlite:${database}` };
  await expect(restore(long, backup, NOW_MS)).rejects.toThrow(
    /a name in .* would be too long; give the database/,
  );
  expect(readdirSync(other).filter((name) => name !== 'agent.lock')).toEqual(before);
  expect(loadAgentId(other)).toBe(id);
  expect(await domainsIn(database)).toEqual(['b.test']);
});

test.skipIf(process.getuid?.() !== 0)('what root restores is for the owner of the folder', async () => {
  const { dataDir, backup } = await agentWith('a.test');
  await backUp(place(dataDir), backup);
  const other = tempDir();
  chownSync(other, 65_532, 65_533);
  const { path } = await restore(place(other), backup, NOW_MS);
  const owners = [path, join(other, 'agent-id'), join(other, 'agent.lock')].map((file) => statSync(file));
  expect(owners.map(({ uid, gid }) => [uid, gid])).toEqual(Array(3).fill([65_532, 65_533]));
  expect(readdirSync(other).toSorted()).toEqual(['agent-id', 'agent.lock', 'octoporty.sqlite']);
});

test('a backup never takes the place of a file that is there, nor stays behind in part', async () => {
  const { dataDir, backup } = await agentWith('a.test');
  writeFileSync(backup, 'mine');
  await expect(backUp(place(dataDir), backup)).rejects.toThrow(/is there already/);
  expect(readFileSync(backup, 'utf8')).toBe('mine');
  const folder = join(tempDir(), 'missing');
  await expect(backUp(place(dataDir), join(folder, 'b'))).rejects.toThrow(
    /there is no folder .*missing; make it/,
  );
  expect(existsSync(folder)).toBe(false);
});

test('a folder without a database is told, and so is a SQL Server', async () => {
  const { dataDir, backup } = folders();
  await expect(backUp(place(dataDir), backup)).rejects.toThrow(/^There is no .*octoporty\.sqlite to back up/);
  const mssql = { dataDir, connectionString: 'mssql://sa:p@db/x' };
  await expect(backUp(mssql, backup)).rejects.toThrow(/names a SQL Server: back that database up/);
});

function make(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
