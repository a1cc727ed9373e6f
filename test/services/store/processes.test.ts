// The SQLite store among processes: started together, killed at any moment.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';

import { describe, expect, it, onTestFinished } from 'vitest';

import { expectStoreError } from './contract.ts';
import { draft } from './drafts.ts';
import { makeOlderDatabase, OLD_SNAPSHOT } from './olderDatabase.ts';
import { storeOn, tempDir } from './tempStore.ts';

const KILLS = 8;
/** As the writer has it. */
const BATCH_ROWS = 50;

describe('the SQLite store', { timeout: 30_000 }, () => {
  it('lets processes that start together on no file all migrate, write and see one history', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const writers = ['a', 'b', 'c'].map((prefix) => startFixture('writer', path, prefix, '5'));
    const acknowledged = mappingsIn((await Promise.all(writers.map((writer) => linesOf(writer)))).flat());
    expect(writers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(acknowledged).toHaveLength(15);

    const store = storeOn(path);
    await store.open();
    const { revision, mappings } = await store.readAll();
    expect(revision).toBe(15);
    expect(mappings.map(({ id }) => id).sort()).toEqual(acknowledged.sort());
  });

  it('lets processes that start together on an older file all migrate, write and see one history', async () => {
    const path = join(tempDir(), 'store.sqlite');
    await makeOlderDatabase(path, 1);
    const writers = ['a', 'b', 'c'].map((prefix) => startFixture('writer', path, prefix, '5'));
    await Promise.all(writers.map((writer) => linesOf(writer)));
    expect(writers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);

    const store = storeOn(path);
    await store.open();
    const { revision, mappings } = await store.readAll();
    expect(revision).toBe(OLD_SNAPSHOT.revision + 15);
    expect(mappings).toEqual(expect.arrayContaining(OLD_SNAPSHOT.mappings));
    expect(mappings).toHaveLength(16);
  });

  it('keeps every acknowledged write and its revision when the writer is killed at any moment', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const acknowledged: string[] = [];
    const acknowledgedRequests: string[] = [];
    for (let round = 0; round < KILLS; round += 1) {
      const writer = startFixture('writer', path, `r${round}`, '1000000');
      // Each round dies at another write, and wherever in the next one the kill finds it.
      const told = await linesOf(writer, (lines) => {
        if (lines.length === round * 3 + 1) writer.kill('SIGKILL');
      });
      expect(writer.signalCode).toBe('SIGKILL');
      acknowledged.push(...mappingsIn(told));
      acknowledgedRequests.push(...requestsIn(told));

      const database = new DatabaseSync(path);
      const rows = database.prepare('SELECT id FROM port_mappings').all();
      const stored = new Set(rows.map(({ id }) => id));
      expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
      expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
      expect(database.prepare('SELECT revision FROM config').all()).toEqual([{ revision: rows.length }]);
      const requests = database.prepare('SELECT id FROM request_logs').all();
      const storedRequests = new Set(requests.map(({ id }) => id));
      expect(acknowledgedRequests.filter((id) => !storedRequests.has(id))).toEqual([]);
      // No part of a batch.
      expect(requests.length % BATCH_ROWS).toBe(0);
      database.close();
    }
    expect(acknowledged.length).toBeGreaterThan(KILLS);
    expect(acknowledgedRequests.length).toBeGreaterThan(KILLS);
  });

  it('waits for a process that migrates, and goes on when that is killed', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const holder = startFixture('lockHolder', path);
    const store = storeOn(path);
    let opening: Promise<void> | undefined;
    await linesOf(holder, () => {
      const rival = new DatabaseSync(`${path}.lock`);
      expect(() => rival.exec('BEGIN EXCLUSIVE')).toThrow(/locked/);
      rival.close();
      opening = store.open();
      holder.kill('SIGKILL');
    });
    await opening;
    expect((await store.create(draft())).revision).toBe(1);
  });

  it('gives up waiting for a process that migrates when it is closed', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const holder = startFixture('lockHolder', path);
    await linesOf(holder, () => {
      const store = storeOn(path);
      const opening = expectStoreError(store.open(), 'unavailable');
      // The holder lives for as long as the open waits: what ends first is not the lock.
      void Promise.all([opening, store.close()]).finally(() => holder.kill('SIGKILL'));
    });
    expect(holder.signalCode).toBe('SIGKILL');
  });

  it('waits without blocking the event loop while another process writes', async () => {
    const path = join(tempDir(), 'store.sqlite');
    const store = storeOn(path);
    await store.open();
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const write = store.create(draft());
    // A turn of the loop passes while the write waits: only then is the lock let go.
    await new Promise((resolve) => setImmediate(resolve));
    other.exec('ROLLBACK');
    other.close();
    expect((await write).revision).toBe(1);
  });
});

function startFixture(name: string, ...args: string[]): ChildProcess {
  const file = fileURLToPath(new URL(`./${name}.fixture.ts`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

function mappingsIn(lines: readonly string[]): string[] {
  return idsAfter('mapping ', lines);
}

function requestsIn(lines: readonly string[]): string[] {
  return idsAfter('request ', lines);
}

function idsAfter(word: string, lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
}

/** Every whole line the process prints, once it has ended. */
async function linesOf(child: ChildProcess, onLine: (lines: string[]) => void = () => {}): Promise<string[]> {
  if (child.stdout === null) throw new Error('The process has no output.');
  const ended = once(child, 'close');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    onLine(lines);
  }
  await ended;
  return lines;
}
