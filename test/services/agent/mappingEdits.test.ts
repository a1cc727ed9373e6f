// Owns the tests of edits: what is answered is committed and told, and nobody waits for a database that is away.

import { expect, test } from 'vitest';
import { createBus } from '../../../services/bus.ts';
import type { Fact } from '../../../services/facts.ts';
import type { DatabaseState } from '../../../services/agent/database.ts';
import {
  BULK_PATIENCE_MS,
  createMappingEdits,
  EDIT_PATIENCE_MS,
  EditError,
} from '../../../services/agent/mappingEdits.ts';
import { createMappings } from '../../../services/agent/mappings.ts';
import { createMemoryStore } from '../../../services/agent/store/memoryStore.ts';
import { StoreError, type Store, type StoreErrorCode } from '../../../services/agent/store/store.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { draft } from '../store/drafts.ts';

const RESERVED = 'tunnel.example.com';

test('an edit that is answered is committed, in the level and on the bus', async () => {
  const { edits, memory, level, facts, clock } = await start();
  const created = await edits.create(draft());
  expect(level()).toEqual([created]);
  const updated = await edits.update(created.id, { internalPort: 4000 });
  expect(updated).toMatchObject({ id: created.id, internalPort: 4000 });
  expect([level(), memory.snapshot().mappings]).toEqual([[updated], [updated]]);
  await edits.remove(created.id);
  expect([level(), memory.snapshot().mappings]).toEqual([[], []]);
  expect(facts).toEqual([
    { type: 'mapping.saved', mappingId: created.id, revision: 1, change: 'saved' },
    { type: 'mapping.saved', mappingId: created.id, revision: 2, change: 'saved' },
    { type: 'mapping.saved', mappingId: created.id, revision: 3, change: 'removed' },
  ]);
  expect(clock.pending).toBe(0);
});

test('many edits are one edition and one fact, and none when nothing changes', async () => {
  const { edits, memory, level, manyFacts } = await start();
  const kept = await edits.create(draft());
  const gone = await edits.create(draft({ externalDomain: 'gone.example' }));
  const write = await edits.editMany([
    { kind: 'update', id: kept.id, patch: { enabled: false } },
    { kind: 'remove', id: gone.id },
    { kind: 'create', draft: draft({ externalDomain: 'new.example' }) },
  ]);
  expect([level(), memory.snapshot().mappings]).toEqual([write.saved, write.saved]);
  await edits.editMany([{ kind: 'update', id: kept.id, patch: { enabled: false } }]);
  expect(manyFacts).toEqual([{ type: 'mappings.edited', revision: 3, saved: 2, removed: 1 }]);
});

test('an edit that changes nothing is answered and is no news', async () => {
  const { edits, level, facts } = await start();
  const created = await edits.create(draft());
  expect(await edits.update(created.id, { enabled: true })).toEqual(created);
  expect([level(), facts.length]).toEqual([[created], 1]);
});

test("the gateway's own name is refused before the store is asked, and any name is free while it is not known", async () => {
  const { edits, asked, reserve } = await start();
  const { id } = await edits.create(draft());
  reserve(RESERVED);
  const reserved = new EditError('domain_reserved');
  await expect(edits.create(draft({ externalDomain: RESERVED }))).rejects.toThrow(reserved);
  await expect(edits.update(id, { externalDomain: RESERVED })).rejects.toMatchObject({
    code: 'domain_reserved',
  });
  expect(asked()).toEqual(['create']);
  await edits.update(id, { internalPort: 4000 });
  reserve(null);
  await edits.update(id, { externalDomain: RESERVED });
  expect(asked()).toEqual(['create', 'update', 'update']);
});

test.each<DatabaseState>(['starting', 'lost'])(
  'while the database is %s an edit is refused at once: the store is not asked',
  async (state) => {
    const { edits, asked, stand, noted, clock } = await start();
    stand(state);
    for (const edit of [edits.create(draft()), edits.update('1', {}), edits.remove('1')])
      await expect(edit).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' });
    expect([asked(), noted, clock.pending]).toEqual([[], [], 0]);
  },
);

test.each<[StoreErrorCode, boolean]>([
  ['unavailable', true],
  ['corrupt', true],
  ['duplicate', false],
  ['not_found', false],
  ['stale', false],
  ['full', false],
])('a store that fails with %s has lost its database: %s', async (code, isOutage) => {
  const { edits, answer, noted, level, facts, clock } = await start();
  const error = new StoreError(code);
  answer(Promise.reject(error));
  await expect(edits.create(draft())).rejects.toBe(error);
  expect([noted, level(), facts, clock.pending]).toEqual([isOutage ? [error] : [], [], [], 0]);
});

test('a fault of ours is no outage: the database goes on for everybody else', async () => {
  const { edits, answer, noted } = await start();
  const fault = new TypeError('a fault of ours');
  answer(Promise.reject(fault));
  await expect(edits.create(draft())).rejects.toBe(fault);
  expect(noted).toEqual([]);
});

test('an edit that hangs is unconfirmed in the end, and is true when it is committed later', async () => {
  const { edits, memory, answer, noted, level, facts, clock } = await start();
  const committing = Promise.withResolvers<undefined>();
  answer(committing.promise.then(() => memory.create(draft())));
  let said: unknown = 'nothing';
  const edit = edits.create(draft()).catch((error: unknown) => (said = error));
  clock.runFor(EDIT_PATIENCE_MS - 1);
  await turn();
  expect([said, noted]).toEqual(['nothing', []]);
  clock.runFor(1);
  await edit;
  expect(said).toBeInstanceOf(EditError);
  expect(said).toMatchObject({ code: 'unconfirmed' });
  expect(noted).toMatchObject([{ code: 'unavailable' }]);
  expect([level(), facts]).toEqual([[], []]);
  committing.resolve(undefined);
  await turn();
  expect([level(), facts.length]).toEqual([memory.snapshot().mappings, 1]);
  expect(level()).toHaveLength(1);
});

test('many edits that hang are waited for longer, and are unconfirmed in the end', async () => {
  const { edits, clock } = await start({ editMany: () => new Promise(() => {}) });
  let said: unknown = 'nothing';
  const edit = edits.editMany([]).catch((error: unknown) => (said = error));
  clock.runFor(BULK_PATIENCE_MS - 1);
  await turn();
  expect(said).toBe('nothing');
  clock.runFor(1);
  await edit;
  expect(said).toMatchObject({ code: 'unconfirmed' });
});

test('an edit that hangs and fails after all breaks nothing: whoever asked has been answered', async () => {
  const { edits, answer, noted, level, clock } = await start();
  const failing = Promise.withResolvers<never>();
  answer(failing.promise);
  const edit = edits.create(draft());
  clock.runFor(EDIT_PATIENCE_MS);
  await expect(edit).rejects.toBeInstanceOf(EditError);
  failing.reject(new StoreError('duplicate'));
  await turn();
  expect([noted.length, level()]).toEqual([1, []]);
});

test('edits that are answered in another order than they were committed end in what is stored', async () => {
  const { edits, memory, answer, level } = await start();
  const { id } = await edits.create(draft());
  const older = Promise.withResolvers<undefined>();
  const write = await memory.update(id, { internalPort: 4000 });
  answer(older.promise.then(() => write));
  const first = edits.update(id, { internalPort: 4000 });
  const second = await edits.update(id, { internalPort: 5000 });
  older.resolve(undefined);
  expect((await first).internalPort).toBe(4000);
  expect([level(), memory.snapshot().mappings]).toEqual([[second], [second]]);
});

test('of two edits that expect the same version, the second is stale', async () => {
  const { edits, level } = await start();
  const { id, updatedAt } = await edits.create(draft());
  const [first, second] = await Promise.allSettled([
    edits.update(id, { internalPort: 4000 }, updatedAt),
    edits.update(id, { internalPort: 5000 }, updatedAt),
  ]);
  expect([first.status, second]).toMatchObject([
    'fulfilled',
    { status: 'rejected', reason: { code: 'stale' } },
  ]);
  await expect(edits.remove(id, updatedAt)).rejects.toMatchObject({ code: 'stale' });
  expect(level()).toMatchObject([{ internalPort: 4000 }]);
});

/** Edits on a store in memory whose next answer may be another. */
async function start(trouble: Partial<Store> = {}) {
  const clock = new SimulatedClock();
  let ids = 0;
  const memory = createMemoryStore({ wallMs: () => clock.wallMs(), newId: () => String((ids += 1)) });
  await memory.open();
  const asked: string[] = [];
  const answers: ReturnType<Store['create']>[] = [];
  /** Writes down the name, and carries the call out unless another answer is prepared. */
  function noting<Args extends unknown[]>(name: string, act: (...args: Args) => ReturnType<Store['create']>) {
    return (...args: Args) => {
      asked.push(name);
      return answers.shift() ?? act(...args);
    };
  }
  const store: Store = {
    ...memory,
    create: noting('create', memory.create),
    update: noting('update', memory.update),
    remove: noting('remove', memory.remove),
    ...trouble,
  };
  const mappings = createMappings();
  mappings.load(memory.snapshot());
  const bus = createBus((error) => {
    throw error;
  });
  const manyFacts: Fact<'mappings.edited'>[] = [];
  bus.on('mappings.edited', (fact) => manyFacts.push(fact));
  const facts: Fact<'mapping.saved'>[] = [];
  bus.on('mapping.saved', (fact) => facts.push(fact));
  let state: DatabaseState = 'ok';
  let reserved: string | null = null;
  const noted: unknown[] = [];
  const database = {
    get state() {
      return state;
    },
    noteFailure: (error: unknown) => void noted.push(error),
  };
  const edits = createMappingEdits({
    store,
    mappings,
    database,
    bus,
    clock,
    reservedDomain: () => reserved,
  });
  return {
    edits,
    memory,
    clock,
    facts,
    manyFacts,
    /** What the database was told. */
    noted,
    asked: () => asked,
    level: () => mappings.list(),
    stand: (next: DatabaseState) => (state = next),
    reserve: (domain: string | null) => (reserved = domain),
    /** The next write is answered with this. */
    answer: (write: ReturnType<Store['create']>) => void answers.push(write),
  };
}

/** All that is settled has been heard. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
