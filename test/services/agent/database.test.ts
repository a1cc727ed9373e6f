// Owns the tests of the agent's database: what is logged while it is down, and what a full store keeps from nobody.

import { expect, test, vi } from 'vitest';
import { createActors } from '../../../services/actors.ts';
import { startAgentDatabase } from '../../../services/agent/database.ts';
import { createMappings } from '../../../services/agent/mappings.ts';
import { createMemoryStore } from '../../../services/agent/store/memoryStore.ts';
import { StoreError, type Store } from '../../../services/agent/store/store.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { draft } from '../store/drafts.ts';

const TRYING_AGAIN = 'The database cannot be used yet; trying again.';

test('a database that is down is told once for each reason, and once more when it can be used', async () => {
  const { database, fail, pass, lines } = start();
  await fail(new StoreError('unavailable', 'locked.'));
  const locked = { code: 'unavailable', reason: 'The database cannot be used right now. locked.' };
  expect(lines).toEqual([['error', locked, TRYING_AGAIN]]);
  await fail(new StoreError('unavailable', 'locked.'));
  expect(lines).toHaveLength(1);
  await fail(new StoreError('corrupt'));
  expect(lines[1]).toMatchObject(['error', { code: 'corrupt' }, TRYING_AGAIN]);
  await fail(new StoreError('unavailable', 'locked.'));
  expect(lines.slice(2)).toEqual([['error', locked, TRYING_AGAIN]]);
  expect(database.state).toBe('starting');
  await pass();
  expect(database.state).toBe('ok');
  expect(lines.slice(3)).toEqual([['info', {}, 'The database can be used now.']]);
});

test('an error that is not of the store is logged whole', async () => {
  const { fail, lines } = start();
  const error = new TypeError('a fault of ours');
  await fail(error);
  expect(lines).toEqual([['error', { error }, TRYING_AGAIN]]);
});

test('a database that opens at once is not told', async () => {
  const { pass, lines } = start();
  await pass();
  expect(lines).toEqual([]);
});

test('after the stop nothing is logged and nothing is tried again', async () => {
  const { database, opening, asked, clock, lines } = start();
  database.stop();
  opening().reject(new StoreError('unavailable'));
  await new Promise((resolve) => setImmediate(resolve));
  expect([lines, clock.runNext(), asked()]).toEqual([[], false, 1]);
});

test('a name of the command line that a full store cannot take is told, and the rest is published', async () => {
  const { pass, lines, mappings } = start(['new.example', 'stored.example'], 'new.example');
  await pass();
  expect([...mappings.view.mappings.values()].map(({ externalDomain }) => externalDomain)).toEqual([
    'stored.example',
  ]);
  expect(lines).toEqual([
    [
      'error',
      { domain: 'new.example' },
      'This name is not published: the store is full. Remove a mapping and start again.',
    ],
  ]);
});

/** A database whose store opens when the test says so, and has no room for `unwelcome`. */
function start(names: readonly string[] = [], unwelcome?: string) {
  const clock = new SimulatedClock();
  const memory = createMemoryStore({ wallMs: () => clock.wallMs(), newId: () => 'a' });
  const openings: ReturnType<typeof createOpening>[] = [];
  const store: Store = {
    ...memory,
    open: async () => {
      const opening = createOpening();
      openings.push(opening);
      await opening.promise;
      await memory.open();
    },
    upsertByDomain: async (given) => {
      if (given.externalDomain === unwelcome) throw new StoreError('full');
      return memory.upsertByDomain(given);
    },
  };
  const lines: [string, object, string][] = [];
  const mappings = createMappings();
  const maps = names.map((externalDomain) => draft({ externalDomain }));
  const database = startAgentDatabase({
    actors: createActors(clock, (_id, error) => {
      throw error;
    }),
    store,
    mappings,
    config: { maps, unmaps: [] },
    log: {
      info: (fields, message) => void lines.push(['info', fields, message]),
      error: (fields, message) => void lines.push(['error', fields, message]),
    },
  });
  const opening = () => {
    const last = openings.at(-1);
    if (last === undefined) throw new Error('nobody opens the store');
    return last;
  };
  return {
    database,
    mappings,
    clock,
    lines,
    opening,
    asked: () => openings.length,
    /** The open under way fails, and after its rest the next one begins. */
    fail: async (error: Error) => {
      const before = openings.length;
      opening().reject(error);
      await vi.waitFor(() => expect(clock.runNext()).toBe(true));
      expect(openings).toHaveLength(before + 1);
    },
    pass: async () => {
      opening().resolve(undefined);
      await vi.waitFor(() => expect(database.state).toBe('ok'));
    },
  };
}

function createOpening() {
  return Promise.withResolvers<undefined>();
}
