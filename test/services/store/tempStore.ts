// What the store's tests share: folders that vanish, stores that close, a clock that stands.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { createLocalStore, type StoreAndJournal } from '../../../services/agent/store/localStore.ts';
import type { Store, StoreSource } from '../../../services/agent/store/store.ts';
import { createThreadedStore, type ThreadSettings } from '../../../services/agent/store/threadedStore.ts';

/** A folder that is removed after the test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'octoporty-store-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A store on the file in this thread, closed after the test; not open yet. */
export function storeOn(path: string, source: StoreSource = testSource()): Store {
  return bothOn(path, source).store;
}

/** The same with its journal. */
export function bothOn(path: string, source: StoreSource = testSource()): StoreAndJournal {
  const both = createLocalStore({ kind: 'sqlite', path }, { info: () => {} }, source);
  onTestFinished(() => both.store.close());
  return both;
}

/** A store on the file in a thread of its own, with its journal, closed after the test. */
export function threadedOn(path: string, settings: ThreadSettings = {}): StoreAndJournal {
  const both = createThreadedStore({ kind: 'sqlite', path }, { info: () => {} }, settings);
  onTestFinished(() => both.store.close());
  return both;
}

/** A clock that stands until it is set. */
export function testSource(): StoreSource & { nowMs: number } {
  const source = {
    nowMs: Date.UTC(2026, 0, 31, 12, 0, 0, 123),
    wallMs: () => source.nowMs,
    newId: () => randomUUID(),
  };
  return source;
}
