// Owns the tests of the ids of log rows.

import { expect, test } from 'vitest';
import { z } from 'zod';
import { createRowId, lowestRowId } from '../../../services/agent/store/rowId.ts';

test('an id is a UUID of version 7 that begins with its time', () => {
  const id = createRowId(0x0123456789ab);
  expect(z.uuidv7().safeParse(id).success).toBe(true);
  expect(id.slice(0, 15)).toBe('01234567-89ab-7');
});

test('a later row has a higher id, also where the time has fewer digits', () => {
  const ids = [1, 15, 16, 2 ** 32, Date.UTC(2026, 0), Date.UTC(2026, 0) + 1].map(createRowId);
  expect(ids.toSorted()).toEqual(ids);
});

test('rows of the same millisecond have ids of their own', () => {
  expect(new Set(Array.from({ length: 1_000 }, () => createRowId(1))).size).toBe(1_000);
});

test('the lowest id of a time is above every row made before, and below none made then', () => {
  const nowMs = Date.UTC(2026, 0);
  const lowest = lowestRowId(nowMs);
  expect(z.uuidv7().safeParse(lowest).success).toBe(true);
  for (let row = 0; row < 1_000; row += 1) {
    expect(createRowId(nowMs - 1) < lowest).toBe(true);
    expect(createRowId(nowMs) >= lowest).toBe(true);
  }
});
