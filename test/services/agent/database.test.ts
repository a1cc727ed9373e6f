// Owns the tests of the agent's database: how it is lost and comes back, what the log hears, and what a full store takes.

import { expect, test, vi } from 'vitest';
import { createActors } from '../../../services/actors.ts';
import { PING_AFTER_MS, PING_TIMEOUT_MS } from '../../../machines/database.ts';
import { startAgentDatabase } from '../../../services/agent/database.ts';
import { createMappings } from '../../../services/agent/mappings.ts';
import { createMemoryStore } from '../../../services/agent/store/memoryStore.ts';
import { StoreError, type Store } from '../../../services/agent/store/store.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { draft } from '../store/drafts.ts';

const TRYING_AGAIN = 'The database cannot be used yet; trying again.';
const LOST = 'The database is lost: what is known goes on being served, edits are refused; trying again.';
const STILL_LOST = 'The database is still lost; trying again.';
const CAN_BE_USED = 'The database can be used now.';

const LOCKED = new StoreError('unavailable', 'locked.');
const LOCKED_FACTS = { code: 'unavailable', reason: 'The database cannot be used right now. locked.' };

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
  const { pass, lines, names } = start(['new.example', 'stored.example'], 'new.example');
  await pass();
  expect(names()).toEqual(['stored.example']);
  expect(lines).toEqual([
    [
      'error',
      { domain: 'new.example' },
      'This name is not published: the store is full. Remove a mapping and start again.',
    ],
  ]);
});

test('a database that is lost is told once, keeps what is known, and reads what changed meanwhile', async () => {
  const { database, pass, lose, recover, lines, memory, names } = start(['a.example']);
  const states: string[] = [];
  database.state$.subscribe((state) => states.push(state));
  await pass();
  lose();
  expect(lines).toEqual([['error', LOCKED_FACTS, LOST]]);
  await memory.create(draft({ externalDomain: 'b.example' }));
  expect(names()).toEqual(['a.example']);
  await recover();
  expect(names()).toEqual(['a.example', 'b.example']);
  expect(lines.slice(1)).toEqual([['info', {}, CAN_BE_USED]]);
  expect(states).toEqual(['starting', 'ok', 'lost', 'ok']);
});

test('a loss after a recovery is told anew', async () => {
  const { pass, lose, recover, lines } = start();
  await pass();
  lose();
  await recover();
  lose();
  await recover();
  expect(lines.map(([, , message]) => message)).toEqual([LOST, CAN_BE_USED, LOST, CAN_BE_USED]);
});

test('while it stays lost, each new reason is one line', async () => {
  const { database, pass, lose, recover, failRecovery, lines } = start();
  await pass();
  lose();
  await failRecovery(LOCKED);
  expect(lines).toHaveLength(1);
  await failRecovery(new StoreError('corrupt'));
  await failRecovery(new StoreError('corrupt'));
  expect(lines.slice(1)).toEqual([['error', expect.objectContaining({ code: 'corrupt' }), STILL_LOST]]);
  expect(database.state).toBe('lost');
  await recover();
  expect(lines.slice(2)).toEqual([['info', {}, CAN_BE_USED]]);
});

test('it comes back only once an edit would be taken: a disk that can be read is not enough', async () => {
  const { database, pass, lose, failRecovery, recover } = start();
  await pass();
  lose();
  for (let tries = 0; tries < 3; tries += 1) await failRecovery(new StoreError('unavailable', 'readonly.'));
  expect(database.state).toBe('lost');
  await recover();
});

test('a database that went away while nobody edits is noticed', async () => {
  const { database, pass, trouble, clock, lines } = start();
  await pass();
  trouble.ping = () => Promise.reject(LOCKED);
  clock.runFor(PING_AFTER_MS);
  await vi.waitFor(() => expect(database.state).toBe('lost'));
  expect(lines).toEqual([['error', LOCKED_FACTS, LOST]]);
});

test('a database that hangs is lost, and the log says so although no call has failed', async () => {
  const { database, pass, trouble, clock, lines, recover } = start();
  await pass();
  trouble.ping = () => new Promise(() => {});
  clock.runFor(PING_AFTER_MS + PING_TIMEOUT_MS);
  expect(database.state).toBe('lost');
  expect(lines).toEqual([['error', { reason: 'It has not answered within 5 s.' }, LOST]]);
  await recover();
  expect(lines.slice(1)).toEqual([['info', {}, CAN_BE_USED]]);
});

test('the failures of calls are of no interest before it was reached, while it is lost, and after the stop', async () => {
  const { database, pass, lose, lines } = start();
  lose();
  expect([database.state, lines]).toEqual(['starting', []]);
  await pass();
  lose();
  database.noteFailure(new StoreError('corrupt'));
  expect([database.state, lines]).toEqual(['lost', [['error', LOCKED_FACTS, LOST]]]);
  const other = start();
  await other.pass();
  other.database.stop();
  other.lose();
  expect([other.database.state, other.lines]).toEqual(['ok', []]);
});

/** A database whose store opens when the test says so, and has no room for `unwelcome`. */
function start(names: readonly string[] = [], unwelcome?: string) {
  const clock = new SimulatedClock();
  let ids = 0;
  const memory = createMemoryStore({ wallMs: () => clock.wallMs(), newId: () => String((ids += 1)) });
  const trouble: { ping?: () => Promise<never>; probe?: () => Promise<never> } = {};
  const openings: ReturnType<typeof createOpening>[] = [];
  const store: Store = {
    ...memory,
    open: async () => {
      const opening = createOpening();
      openings.push(opening);
      await opening.promise;
      await memory.open();
    },
    ping: () => trouble.ping?.() ?? memory.ping(),
    probe: () => trouble.probe?.() ?? memory.probe(),
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
  /** The rest is over, and the store opens. */
  const tryAgain = () => {
    expect(clock.runNext()).toBe(true);
    opening().resolve(undefined);
  };
  return {
    database,
    memory,
    trouble,
    names: () => mappings.list().map(({ externalDomain }) => externalDomain),
    /** Somebody's call fails. */
    lose: () => database.noteFailure(LOCKED),
    recover: async () => {
      delete trouble.ping;
      tryAgain();
      await vi.waitFor(() => expect(database.state).toBe('ok'));
    },
    /** The store opens, but an edit would fail with this. */
    failRecovery: async (error: Error) => {
      trouble.probe = () => Promise.reject(error);
      tryAgain();
      // There is a next rest.
      await vi.waitFor(() => expect(clock.nextDueMs).not.toBeNull());
      delete trouble.probe;
    },
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
