// The store's thread with faults: a probe ends it, and a ping hangs it as a disk that does not answer would.

import { parentPort } from 'node:worker_threads';

import type { ToThread } from '../../../services/agent/store/threadMessages.ts';

// Heard before the store hears it.
parentPort?.on('message', (message: ToThread) => {
  if (message.kind !== 'call') return;
  if (message.method === 'probe') throw new Error('A fault of ours.');
  if (message.method === 'ping') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
await import('../../../services/agent/store/storeThread.ts');
