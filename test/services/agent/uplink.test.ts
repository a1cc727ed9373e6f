// Owns the tests of the agent's way up where the connection itself fails: nobody waits for what cannot come any more.

import { expect, test } from 'vitest';
import { createActors } from '../../../services/actors.ts';
import { createForwarder } from '../../../services/agent/forwarder.ts';
import { createUplink } from '../../../services/agent/uplink.ts';
import { createBus } from '../../../services/bus.ts';
import { SeededRandom } from '../../simulation/seededRandom.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { FakeTokens } from '../../machines/fakeTokens.ts';

test('a connection that fails is told to the registry alone, its status ends offline, and it can be stopped', () => {
  const { uplink, clock, failures } = start();
  const seen: string[] = [];
  uplink.status$.subscribe({
    next: ({ state }) => seen.push(state),
    complete: () => seen.push('complete'),
  });
  uplink.offer({ revision: 1, mappings: [] });
  clock.runNext();
  expect(failures).toMatchObject([['connection', { message: 'no wire can be made' }]]);
  expect(seen.slice(-2)).toEqual(['offline', 'complete']);
  let isGone = false;
  uplink.stop(() => (isGone = true));
  expect([isGone, uplink.status.state, clock.pending]).toEqual([true, 'offline', 0]);
});

test('a connection that was never asked for is gone at once', () => {
  const { uplink, clock, failures } = start();
  let isGone = false;
  uplink.stop(() => (isGone = true));
  expect([isGone, failures, clock.pending]).toEqual([true, [], 0]);
});

/** An uplink whose dialler throws. */
function start() {
  const clock = new SimulatedClock();
  const failures: [string, unknown][] = [];
  const bus = createBus((error) => {
    throw error;
  });
  const uplink = createUplink({
    actors: createActors(clock, (id, error) => failures.push([id, error])),
    bus,
    clock,
    random: new SeededRandom(1),
    tokens: new FakeTokens('secret', (answer) => clock.post(answer)),
    schedule: (flush) => clock.post(flush),
    dialer: {
      dial: () => {
        throw new Error('no wire can be made');
      },
    },
    forwarder: createForwarder({
      origins: { dispatch: () => expect.unreachable() },
      clock,
      bus,
      connectTimeoutMs: 1_000,
      findMapping: () => undefined,
    }),
    identity: { agentId: '00000000-0000-4000-8000-000000000001', epoch: 'epoch', slot: 0 },
    version: '1.0.0',
    drainMs: 1_000,
  });
  return { uplink, clock, failures };
}
