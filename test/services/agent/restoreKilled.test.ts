// Owns the test of a restore that is killed: before any of its steps, what comes next finds the old agent or the new one,
// whole, and nothing is lost.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadAgentId } from '../../../services/agent/agentId.ts';
import { backUp } from '../../../services/agent/backup.ts';
import { restore } from '../../../services/agent/restore.ts';
import { BEGUN_FILE, endBegunRestore } from '../../../services/agent/restoreSwap.ts';
import { run } from '../spawned.ts';
import { tempDir } from '../store/tempStore.ts';
import { agentWith, NOW_MS, place } from './backupStage.ts';

const FIXTURE = fileURLToPath(new URL('killedRestore.fixture.ts', import.meta.url));

/** Each is a process that loads the product; more at once only wait for a processor. */
const AT_ONCE = 4;

test('killed before any step, a restore leaves the old agent or the new one, and what was there is kept', async () => {
  const restored = await agentWith('new.test');
  await backUp(place(restored.dataDir), restored.backup);
  const old = await oldAgent();
  const counting = tempDir();
  cpSync(old.dataDir, counting, { recursive: true });
  const steps = Number(await printed(restoring(counting, restored.backup)));
  expect(steps).toBeGreaterThan(15);

  const numbers = Array.from({ length: steps }, (_, index) => index + 1);
  const found: string[] = [];
  const tryNext = async (): Promise<void> => {
    for (let step = numbers.shift(); step !== undefined; step = numbers.shift())
      found.push(await killedBefore(step));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, tryNext));
  expect(found).toHaveLength(steps);
  // The kills fell on both sides of the moment from which the restore is ended by whoever comes.
  expect(new Set(found)).toEqual(new Set(['old', 'new']));

  /** Which agent the next start finds. */
  async function killedBefore(step: number): Promise<string> {
    const [started, again] = [tempDir(), tempDir()];
    cpSync(old.dataDir, started, { recursive: true });
    const [, signal] = await once(restoring(started, restored.backup, step), 'exit');
    expect(signal, `step ${step}`).toBe('SIGKILL');
    cpSync(started, again, { recursive: true });

    await endBegunRestore(place(started));
    const agent = { id: loadAgentId(started), domains: domainsIn(join(started, 'octoporty.sqlite')) };
    const isNew = agent.id === restored.id;
    expect(agent, `step ${step}`).toEqual(
      isNew ? { id: restored.id, domains: ['new.test'] } : { id: old.id, domains: ['old.test'] },
    );
    expect(allDomainsIn(started), `step ${step}`).toContain('old.test');

    const { before } = await restore(place(again), restored.backup, NOW_MS);
    expect(before).not.toBeNull();
    expect([loadAgentId(again), domainsIn(join(again, 'octoporty.sqlite'))]).toEqual([
      restored.id,
      ['new.test'],
    ]);
    expect(allDomainsIn(again), `step ${step}`).toContain('old.test');
    const left = readdirSync(again).filter((name) => /restoring|begun|ready/.test(name));
    expect(left, `step ${step}`).toEqual([]);
    return isNew ? 'new' : 'old';
  }
}, 180_000);

test('an agent that starts ends a restore that was broken off between two names, and says so', async () => {
  const [restored, old] = [await agentWith('new.test'), await agentWith('old.test')];
  const { dataDir } = old;
  const database = join(dataDir, 'octoporty.sqlite');
  renameSync(database, `${database}.before-20261123T031500`);
  renameSync(join(restored.dataDir, 'octoporty.sqlite'), `${database}.restoring`);
  renameSync(join(restored.dataDir, 'agent-id'), join(dataDir, 'agent-id.restoring'));
  writeFileSync(join(dataDir, BEGUN_FILE), '.before-20261123T031500\n');
  const agent = run('services/cli.ts', ['agent'], {
    OCTOPORTY_AUTH_SECRET: 'a'.repeat(32),
    OCTOPORTY_GATEWAY_URL: 'ws://127.0.0.1:1',
    OCTOPORTY_UI_PASSWORD: 'correct horse',
    OCTOPORTY_UI_PORT: '0',
    OCTOPORTY_DATA_DIR: dataDir,
  });
  await agent.printed(/A restore that was broken off has been ended\./);
  await agent.printed(/The agent listens\./);
  agent.kill('SIGTERM');
  expect((await agent.ended).code).toBe(0);
  expect([loadAgentId(dataDir), domainsIn(database)]).toEqual([restored.id, ['new.test']]);
  expect(domainsIn(`${database}.before-20261123T031500`)).toEqual(['old.test']);
  expect(readFileSync(join(dataDir, 'agent-id.before-20261123T031500'), 'utf8')).toBe(`${old.id}\n`);
});

/** Killed itself: its last edit is in the file that SQLite keeps beside its database. */
async function oldAgent() {
  const { dataDir, id } = await agentWith('older.test');
  const database = new DatabaseSync(join(dataDir, 'octoporty.sqlite'));
  database.exec("PRAGMA journal_mode = WAL; UPDATE port_mappings SET externalDomain = 'old.test'");
  const killed = tempDir();
  cpSync(dataDir, killed, { recursive: true });
  database.close();
  return { dataDir: killed, id };
}

function restoring(dataDir: string, backup: string, step = 0): ChildProcess {
  return spawn(process.execPath, [FIXTURE, dataDir, backup, String(step)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function printed(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  return text;
}

function allDomainsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^octoporty\.sqlite(\.before-[\dT-]+)?$/.test(name))
    .flatMap((name) => domainsIn(join(folder, name)));
}

function domainsIn(path: string): string[] {
  const database = new DatabaseSync(path);
  try {
    return database
      .prepare('SELECT externalDomain FROM port_mappings')
      .all()
      .map(({ externalDomain }) => String(externalDomain));
  } finally {
    database.close();
  }
}
