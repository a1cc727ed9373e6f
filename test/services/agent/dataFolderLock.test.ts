// Owns the tests of one agent to a data folder.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockDataFolder } from '../../../services/agent/dataFolderLock.ts';
import { tempDir } from '../spawned.ts';
import { noteLog } from './api/apiStage.ts';

test('a second agent on a data folder is told so, and gets it once the first lets go', async () => {
  const dataDir = tempDir();
  const { log } = noteLog();
  const first = await lockDataFolder(dataDir, log);
  await expect(lockDataFolder(dataDir, log)).rejects.toThrow(
    `Another running agent uses the data folder ${dataDir}: `,
  );
  const waiting = lockDataFolder(dataDir, log);
  first.release();
  (await waiting).release();
  expect(statSync(join(dataDir, 'agent.lock')).mode & 0o777).toBe(0o600);
});

test('an agent that was killed holds nothing', async () => {
  const dataDir = tempDir();
  const file = new URL('../../../services/agent/dataFolderLock.ts', import.meta.url).href;
  const script = `const { lockDataFolder } = await import(${JSON.stringify(file)});
    await lockDataFolder(${JSON.stringify(dataDir)}, console);
    console.log('locked');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  (await lockDataFolder(dataDir, noteLog().log)).release();
});

test('a folder that cannot be locked is served all the same, with a word in the log', async () => {
  const dataDir = tempDir();
  mkdirSync(join(dataDir, 'agent.lock'));
  const { log, logged } = noteLog();
  (await lockDataFolder(dataDir, log)).release();
  expect(logged.map(({ level }) => level)).toEqual(['warn']);
});
