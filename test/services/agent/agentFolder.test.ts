// Owns the tests of what an agent that starts does with its data folder, and with what a restore has left there.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeAgentFolder } from '../../../services/agent/agentFolder.ts';
import { lockDataFolder } from '../../../services/agent/dataFolderLock.ts';
import { noteLog } from './api/apiStage.ts';
import { agentWith, place } from './backupStage.ts';

const RESTORED_ID = '6a0f1a35-3d6c-4c35-9d0f-0d3b1c1c9f10';

test('an agent that starts while a restore runs is the restored one', async () => {
  const { dataDir } = await agentWith('a.test');
  const { log } = noteLog();
  const restoring = await lockDataFolder(dataDir, log);
  const starting = taken(dataDir);
  writeFileSync(join(dataDir, 'agent-id'), `${RESTORED_ID}\n`);
  restoring.release();
  expect((await starting).agentId).toBe(RESTORED_ID);
});

test('what a restore that was killed has left behind is gone once the agent starts, and nothing else is', async () => {
  const { dataDir, id } = await agentWith('a.test');
  const before = readdirSync(dataDir);
  const left = ['octoporty.sqlite.restoring', 'octoporty.sqlite.restoring-journal', 'agent-id.restoring'];
  for (const name of [...left, 'restore-begun.ready', 'octoporty.sqlite.before-20261123T031500'])
    writeFileSync(join(dataDir, name), '');
  expect((await taken(dataDir)).agentId).toBe(id);
  expect(readdirSync(dataDir)).toEqual(
    [...before, 'agent.lock', 'agent.lock-journal', 'octoporty.sqlite.before-20261123T031500'].toSorted(),
  );
});

test('what cannot be removed keeps no agent from starting', async () => {
  const { dataDir, id } = await agentWith('a.test');
  mkdirSync(join(dataDir, 'octoporty.sqlite.restoring'));
  const { log, logged } = noteLog();
  const { agentId, lock } = await takeAgentFolder(place(dataDir), log);
  lock.release();
  expect([agentId, logged.map(({ level }) => level)]).toEqual([id, ['warn']]);
});

test('a folder in which an agent cannot start is free for another one', async () => {
  const { dataDir, id } = await agentWith('a.test');
  const path = join(dataDir, 'agent-id');
  writeFileSync(path, 'nonsense');
  await expect(taken(dataDir)).rejects.toThrow(/holds no agent id/);
  writeFileSync(path, id);
  expect((await taken(dataDir)).agentId).toBe(id);
});

async function taken(dataDir: string) {
  const folder = await takeAgentFolder(place(dataDir), noteLog().log);
  onTestFinished(() => folder.lock.release());
  return folder;
}
