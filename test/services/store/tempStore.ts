// What the store's tests share: folders that vanish, stores that close, a clock that stands.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { createStore } from '../../../services/agent/store/createStore.ts';
import type { Store, StoreSource } from '../../../services/agent/store/store.ts';

/** A folder that is removed after the test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'octoporty-store-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A store on the file, closed after the test; not open yet. */
export function storeOn(path: string, source: StoreSource = testSource()): Store {
  const log = { info: () => {} };
  const store = createStore({ connectionString: `sqlite:${path}`, dataDir: '/nonexistent', log, source });
  onTestFinished(() => store.close());
  return store;
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
