// Owns the tests of the rows that wait: how many go at once, and what goes when there is no room.

import { expect, test } from 'vitest';
import {
  BATCH_CONNECTIONS,
  createWaitingRows,
  MAX_WAITING_CONNECTIONS,
} from '../../../services/agent/waitingRows.ts';
import { connection } from '../store/entries.ts';

test('tunnels that came by the thousand go a batch at a time, the oldest first: edits must not wait for all of them', () => {
  const rows = createWaitingRows();
  const ids = fill(rows, BATCH_CONNECTIONS + 1);
  const batches = [rows.takeBatch(), rows.takeBatch()];
  expect(batches.flatMap(({ connections }) => connections.map(({ id }) => id))).toEqual(ids);
  expect([batches[0]?.connections.length, rows.count]).toEqual([BATCH_CONNECTIONS, 0]);
});

test('a tunnel that finds no room takes that of the oldest, which is counted', () => {
  const rows = createWaitingRows();
  const [oldest, next] = fill(rows, MAX_WAITING_CONNECTIONS + 1);
  const [first] = rows.takeBatch().connections;
  expect([first?.id, rows.droppedRows]).toEqual([next, 1]);
  expect(first?.id).not.toBe(oldest);
});

function fill(rows: ReturnType<typeof createWaitingRows>, count: number): string[] {
  return Array.from({ length: count }, () => {
    const row = connection();
    rows.addConnection(row);
    return row.id;
  });
}
