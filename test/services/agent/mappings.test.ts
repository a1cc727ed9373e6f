// Owns the tests of the mappings in memory: no committed write is lost in whatever order it is heard, no backup ignored.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { configOf, createMappings, type MappingsView } from '../../../services/agent/mappings.ts';
import { createMemoryStore } from '../../../services/agent/store/memoryStore.ts';
import type { StoreSnapshot, StoreWrite } from '../../../services/agent/store/store.ts';
import { draft } from '../store/drafts.ts';

interface Heard {
  readonly write: StoreWrite;
  readonly isRemoval: boolean;
}

/** Mappings that are there at the start. */
const STORED = 3;

test('an edit is heard although a newer one of another mapping was heard before, and the gateway is told again', async () => {
  const { start, writes } = await history([0, 1]);
  const [first, second] = writes;
  if (first === undefined || second === undefined) throw new Error('two writes');
  const { views } = hear(start, [second, first]);
  const { id } = first.write.mapping;
  expect(views.map(({ mappings }) => mappings.get(id)?.internalPort)).toEqual([3000, 3000, 4000]);
  expect(views.map(({ revision }) => revision)).toEqual([3, 5, 5]);
  expect(views.map((view) => configOf(view).revision)).toEqual([3, 5, 6]);
});

test('an older edit of a mapping that was removed does not bring it back', async () => {
  const { start, writes } = await history([0, 100]);
  expect(hear(start, writes.toReversed()).mappings.view.mappings.size).toBe(STORED - 1);
});

test('a mapping that is disabled is neither published nor found, and is again once it is enabled', async () => {
  const store = createMemoryStore({ wallMs: () => 0, newId: () => 'a' });
  await store.open();
  await store.create(draft());
  const mappings = createMappings();
  mappings.load(store.snapshot());
  const seen = () => [
    configOf(mappings.view).mappings.map(({ id }) => id),
    mappings.findEnabled('a')?.enabled,
  ];
  expect(seen()).toEqual([['a'], true]);
  mappings.apply(await store.update('a', { enabled: false }));
  expect(seen()).toEqual([[], undefined]);
  mappings.apply(await store.update('a', { enabled: true }));
  expect(seen()).toEqual([['a'], true]);
});

test('writes that the load has told already change nothing', async () => {
  const { writes, end } = await history([0, 1, 102]);
  expect(hear(end, writes).views).toHaveLength(1);
});

test('the same revision read again after an outage changes nothing: the gateway has heard it all', async () => {
  const { start, end, writes } = await history([0, 1]);
  const { mappings, views } = hear(start, writes);
  const told = views.length;
  const editions = end.mappings.map(({ id }) => mappings.editionOf(id));
  mappings.load(end);
  expect(views).toHaveLength(told);
  expect(end.mappings.map(({ id }) => mappings.editionOf(id))).toEqual(editions);
});

test.each([
  ['higher', 9],
  ['lower', 2],
])('a %s revision read after an outage is news of every mapping', async (_which, revision) => {
  const { start, end, writes } = await history([0, 1]);
  const { mappings, views } = hear(start, writes);
  const before = mappings.view.edition;
  const [kept] = end.mappings;
  if (kept === undefined) throw new Error('a mapping');
  mappings.load({ revision, mappings: [kept] });
  expect(views.at(-1)).toEqual({
    revision,
    edition: Math.max(before + 1, revision),
    mappings: new Map([[kept.id, kept]]),
  });
  expect(configOf(mappings.view).revision).toBeGreaterThan(before);
  expect(mappings.editionOf(kept.id)).toBe(mappings.view.edition);
});

test('after an older backup was restored its next writes are heard, although their revisions were heard before', async () => {
  const { start, writes } = await history([0, 1, 2]);
  const { mappings, views } = hear(start, writes);
  mappings.load(start);
  const before = mappings.view.edition;
  const [first] = writes;
  if (first === undefined) throw new Error('a write');
  mappings.apply(first.write);
  expect(mappings.view.mappings.get(first.write.mapping.id)).toEqual(first.write.mapping);
  expect(configOf(mappings.view).revision).toBe(before + 1);
  expect(views.map(({ edition }) => edition)).toEqual([3, 4, 5, 6, 7, 8]);
});

test('the edition of a mapping rises with its own edits alone', async () => {
  const { start, writes } = await history([0, 1, 0]);
  const { mappings } = hear(start, []);
  const editions = () => start.mappings.map(({ id }) => mappings.editionOf(id));
  const seen = [editions()];
  for (const { write } of writes) {
    mappings.apply(write);
    seen.push(editions());
  }
  expect(seen).toEqual([
    [3, 3, 3],
    [4, 3, 3],
    [4, 5, 3],
    [6, 5, 3],
  ]);
});

test('whoever comes late hears the newest view at once, and nobody hears anything before the first load', async () => {
  const { start } = await history([]);
  const mappings = createMappings();
  const early: MappingsView[] = [];
  mappings.mappings$.subscribe((view) => early.push(view));
  expect([early, mappings.list()]).toEqual([[], []]);
  mappings.load(start);
  const late: MappingsView[] = [];
  mappings.mappings$.subscribe((view) => late.push(view));
  expect([early, late]).toEqual([[mappings.view], [mappings.view]]);
});

test('the list is ordered by domain, then by port as a number, and made once for each edition', async () => {
  const store = createMemoryStore({ wallMs: () => 0, newId: () => String(store.snapshot().revision) });
  await store.open();
  const mappings = createMappings();
  mappings.load(store.snapshot());
  const list = () => mappings.list().map((each) => `${each.externalDomain}:${each.externalPort}`);
  expect(list()).toEqual([]);
  for (const [externalDomain, externalPort] of [
    ['b.example', 443],
    ['a.example', 8443],
    ['a.example', 443],
  ] as const)
    mappings.apply(await store.create(draft({ externalDomain, externalPort })));
  const listed = mappings.list();
  expect(list()).toEqual(['a.example:443', 'a.example:8443', 'b.example:443']);
  expect(mappings.list()).toBe(listed);
  mappings.drop(await store.remove('0'));
  expect(list()).toEqual(['a.example:443', 'a.example:8443']);
  mappings.load({ revision: 9, mappings: [] });
  expect(list()).toEqual([]);
});

test('any order of hearing distinct writes ends in the view that the order of revisions ends in', async () => {
  const step = fc.oneof(fc.nat({ max: 5 }), fc.integer({ min: 100, max: 105 }));
  const anyOrder = fc
    .array(step, { minLength: 1, maxLength: 12 })
    .chain((steps) =>
      fc.tuple(fc.constant(steps), fc.array(fc.nat(), { minLength: steps.length, maxLength: steps.length })),
    );
  await fc.assert(
    fc.asyncProperty(anyOrder, async ([steps, ranks]) => {
      const { start, end, writes } = await history(steps);
      const shuffled = writes
        .map((write, index) => ({ write, rank: ranks[index] ?? 0 }))
        .sort((one, other) => one.rank - other.rank)
        .map(({ write }) => write);
      const { mappings, views } = hear(start, shuffled);
      expect(mappings.view.revision).toBe(end.revision);
      expect(mappings.view.mappings).toEqual(new Map(end.mappings.map((mapping) => [mapping.id, mapping])));
      const told = views.map((view) => configOf(view).revision);
      expect(told).toEqual([...new Set(told)].sort((one, other) => one - other));
    }),
  );
});

/** Carries steps out on a store: below 100 edits the mapping of that number or makes one more, from 100 on removes one. */
async function history(steps: readonly number[]) {
  let ids = 0;
  const store = createMemoryStore({ wallMs: () => 0, newId: () => String((ids += 1)) });
  await store.open();
  const known: string[] = [];
  const create = async () => {
    const write = await store.create(draft({ externalDomain: `n${known.length}.example` }));
    known.push(write.mapping.id);
    return write;
  };
  for (let index = 0; index < STORED; index += 1) await create();
  const start = store.snapshot();
  const writes: Heard[] = [];
  for (const step of steps) {
    const id = known[step % 100];
    const before = store.snapshot().mappings.find((mapping) => mapping.id === id);
    if (before === undefined) writes.push({ write: await create(), isRemoval: false });
    else if (step >= 100) writes.push({ write: await store.remove(before.id), isRemoval: true });
    else {
      const internalPort = before.internalPort + 1000;
      writes.push({ write: await store.update(before.id, { internalPort }), isRemoval: false });
    }
  }
  return { start, writes, end: store.snapshot() };
}

function hear(start: StoreSnapshot, writes: readonly Heard[]) {
  const mappings = createMappings();
  const views: MappingsView[] = [];
  mappings.mappings$.subscribe((view) => views.push(view));
  mappings.load(start);
  for (const { write, isRemoval } of writes) {
    if (isRemoval) mappings.drop(write);
    else mappings.apply(write);
  }
  return { mappings, views };
}
