// Owns the tests of an import's plan as work: however many entries there are, others have their turns in between.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { newMappingSchema } from '../../../protocol/mapping.ts';
import { fieldsOf, parseImport, planImport } from '../../../services/agent/mappingImport.ts';

const ENTRIES = 5_000;
const MAPPINGS = Array.from({ length: ENTRIES }, (_each, n) => ({
  ...newMappingSchema.parse({
    name: `Service ${n}`,
    externalDomain: `many-${n}.example`,
    internalHost: 'nas.local',
    internalPort: 80,
    internalProtocol: 'http',
  }),
  id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
}));

test('thousands of entries are read in slices, between which others have their turn', async () => {
  const { result, turns } = await countingTurns(() => parseImport(MAPPINGS.map(fieldsOf)));
  expect(result.entries).toHaveLength(ENTRIES);
  expect(turns).toBeGreaterThanOrEqual(ENTRIES / 100);
});

test('so they are held against what is there', async () => {
  const changed = MAPPINGS.map((mapping) => ({ ...fieldsOf(mapping), internalPort: 81 }));
  const parsed = await parseImport(changed);
  const ground = { mappings: MAPPINGS, removeOthers: false, reservedDomain: null };
  const { result, turns } = await countingTurns(() => planImport(parsed, ground));
  expect(result.edits).toHaveLength(ENTRIES);
  expect(turns).toBeGreaterThanOrEqual(ENTRIES / 500);
});

test('and so are those found that are to be deleted', async () => {
  const ground = { mappings: MAPPINGS, removeOthers: true, reservedDomain: null };
  const { result, turns } = await countingTurns(() => planImport({ entries: [], refused: [] }, ground));
  expect(result.edits).toHaveLength(ENTRIES);
  expect(turns).toBeGreaterThanOrEqual(ENTRIES / 500);
});

/** How many turns of the loop somebody else had while it was done. */
async function countingTurns<Result>(act: () => Promise<Result>): Promise<{ result: Result; turns: number }> {
  const work = { isDone: false };
  let turns = 0;
  const acting = act().finally(() => (work.isDone = true));
  while (!work.isDone) {
    await nextTurn();
    turns += 1;
  }
  return { result: await acting, turns };
}
