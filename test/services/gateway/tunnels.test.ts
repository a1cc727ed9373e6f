// Owns the tests of the gateway's tunnels that need no agent.

import { expect, test } from 'vitest';
import { createActors } from '../../../services/actors.ts';
import { createBus } from '../../../services/bus.ts';
import { Directory } from '../../../services/gateway/directory.ts';
import { createTunnels } from '../../../services/gateway/tunnels.ts';
import { SeededRandom } from '../../simulation/seededRandom.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';

function ignore(): void {}

const WIRE = {
  sendBinary: ignore,
  sendText: ignore,
  bufferedBytes: () => 0,
  receivedBytes: () => 0,
  close: ignore,
  terminate: ignore,
};

test('a drain is told once and later, however fast its tunnels end and whoever still comes', () => {
  const clock = new SimulatedClock();
  const tunnels = createTunnels({
    actors: createActors(clock, ignore),
    bus: createBus(ignore),
    clock,
    random: new SeededRandom(1),
    tokens: { sign: ignore, verify: ignore },
    schedule: (flush) => {
      clock.post(flush);
    },
    directory: new Directory(null, () => clock.nowMs()),
    version: '1.0.0',
    gatewayHost: null,
    lifetimeMs: 900_000,
    renewAfterMs: 600_000,
    drainMs: 1_000,
  });
  // Handshakes end at once when the gateway leaves.
  tunnels.accept('192.0.2.1', () => WIRE);
  tunnels.accept('192.0.2.2', () => WIRE);
  let told = 0;
  tunnels.drain(() => (told += 1));
  expect(told).toBe(0);
  clock.settle();
  tunnels.accept('192.0.2.3', () => WIRE);
  clock.settle();
  expect([told, tunnels.count, clock.pending]).toEqual([1, 0, 0]);
});
