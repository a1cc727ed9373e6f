// Owns the test of what mappings were asked for in the last hour: what was loaded, what was told since, what grows old.

import { expect, test } from 'vitest';
import { createActivityTally } from '../../../ui/pages/mappings/activityTally.ts';
import { ID, view } from '../mappingViews.ts';

const NOON_MS = Date.parse('2026-01-31T12:00:00.000Z');
const at = (minutes: number) => new Date(NOON_MS + minutes * 60_000).toISOString();
const asked = (minutes: number, portMappingId = ID) => ({ portMappingId, timestamp: at(minutes) });
const loaded = (requestsLastHour: number, minutes: number) =>
  view({ activity: { lastSeen: at(minutes), requestsLastHour } });

test('what was told before a load is in its count, and what is told after it is added', () => {
  const tally = createActivityTally();
  tally.add([asked(-1), asked(-1)]);
  tally.note([loaded(7, -1)]);
  tally.add([asked(0)]);
  expect(tally.read(ID, NOON_MS)).toEqual({ lastSeen: at(0), requestsLastHour: 8 });
});

test('a mapping that is not shown yet keeps what is told of it', () => {
  const tally = createActivityTally();
  tally.note([loaded(7, -1)]);
  tally.add([asked(0), asked(1)]);
  expect(tally.read(ID, NOON_MS + 60_000).requestsLastHour).toBe(9);
});

test('of 500 requests and one more two hours later, one is of the last hour', () => {
  const tally = createActivityTally();
  tally.note([loaded(500, 0)]);
  tally.add([asked(120)]);
  expect(tally.read(ID, NOON_MS + 120 * 60_000)).toEqual({ lastSeen: at(120), requestsLastHour: 1 });
});

test('what was told grows old minute by minute', () => {
  const tally = createActivityTally();
  tally.add([asked(0), asked(30), asked(30), asked(59)]);
  const counts = [59, 60, 89, 90, 119].map(
    (minutes) => tally.read(ID, NOON_MS + minutes * 60_000).requestsLastHour,
  );
  expect(counts).toEqual([4, 3, 3, 1, 0]);
});
