// The store's own thread: a sync that takes long, a disk that hangs or a long query stops this loop, not the one that relays.

import { parentPort, workerData } from 'node:worker_threads';

import { createLocalStore } from './localStore.ts';
import {
  crossingFrom,
  type FromThread,
  type StoreCalls,
  type StoreMethod,
  type ThreadStart,
  type ToThread,
} from './threadMessages.ts';

if (parentPort === null) throw new Error('This file is a thread of the agent: it does not run alone.');
const port = parentPort;
// Nobody but runningThread.ts starts this file.
const { target } = workerData as ThreadStart;

const { store, journal } = createLocalStore(target, {
  info: (fields, message) => tell({ kind: 'logged', fields, message }),
});

const calls: StoreCalls = {
  open: () => store.open(),
  close: () => store.close(),
  readAll: () => store.readAll(),
  create: (draft) => store.create(draft),
  upsertByDomain: (draft) => store.upsertByDomain(draft),
  update: (id, patch, expected) => store.update(id, patch, expected),
  remove: (id, expected) => store.remove(id, expected),
  editMany: (edits) => store.editMany(edits),
  ping: () => store.ping(),
  probe: () => store.probe(),
  append: (batch) => journal.append(batch),
  readRequests: (query) => journal.readRequests(query),
  readConnections: (query) => journal.readConnections(query),
  readTimings: (query) => journal.readTimings(query),
  readLastSeen: () => journal.readLastSeen(),
  prune: (retentions, nowMs) => journal.prune(retentions, nowMs),
  endAbandoned: (atMs) => journal.endAbandoned(atMs),
};

port.on('message', (message: ToThread) => {
  if (message.kind === 'look') {
    tell({ kind: 'alive' });
    return;
  }
  const { id, method, args } = message;
  // All are begun at once: the store itself keeps them in order.
  carryOut(method, args).then(
    (value: unknown) => tell({ kind: 'answer', id, value }),
    (error: unknown) => tell({ kind: 'failure', id, error: crossingFrom(error) }),
  );
});

async function carryOut(method: StoreMethod, args: unknown[]): Promise<unknown> {
  return Reflect.apply(calls[method], undefined, args);
}

function tell(message: FromThread<unknown>): void {
  port.postMessage(message);
}
