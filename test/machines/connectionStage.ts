// Owns the stage of the agent's connection: real attempts on wires played by hand.

import type { InspectionEvent } from 'xstate';
import { connectionMachine } from '../../machines/connection.ts';
import type { Random } from '../../machines/random.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';
import { fixedRandom } from '../simulation/seededRandom.ts';
import { FakeTokens } from './fakeTokens.ts';
import { PlayedGateway, SECRET } from './playedGateway.ts';
import { stage } from './stage.ts';

export type ConnectionStage = ReturnType<typeof idle>;

export const DRAIN_MS = 5_000;

export function idle(
  inspect: (event: InspectionEvent) => void = () => {},
  random: Random = fixedRandom(0.5),
) {
  const clock = new SimulatedClock();
  const gateway = new PlayedGateway(clock);
  const { actor } = stage(
    connectionMachine,
    {
      links: gateway,
      tokens: new FakeTokens(SECRET, (answer) => clock.post(answer)),
      random,
      identity: { agentId: 'a3bb189e-8bf9-4c3b-9f6c-1b1f0a6f4c01', epoch: 'boot', slot: 0 },
      version: '1.2.3',
      config: { revision: 1, mappings: [] },
      drainMs: DRAIN_MS,
    },
    inspect,
    clock,
  );
  return {
    clock,
    gateway,
    actor,
    isIn: (...states: Parameters<ReturnType<typeof actor.getSnapshot>['matches']>) =>
      actor.getSnapshot().matches(...states),
    context: () => actor.getSnapshot().context,
    /** The attempts that are still actors. */
    attempts: () => Object.keys(actor.getSnapshot().children).filter((id) => id.startsWith('attempt.')),
    /** Time passes, with a byte on the `talking` wires now and then. */
    live: (ms: number, ...talking: number[]) => {
      const untilMs = clock.nowMs() + ms;
      while (clock.nowMs() < untilMs) {
        for (const at of talking) gateway.wire(at).received += 1;
        clock.runUntil(Math.min(untilMs, clock.nowMs() + 500));
      }
    },
  };
}

/** Started, and the first dial made. */
export function dialling(inspect?: (event: InspectionEvent) => void, random?: Random): ConnectionStage {
  const made = idle(inspect, random);
  made.actor.send({ type: 'start' });
  made.clock.settle();
  return made;
}

/** Online over the first wire, with what led to it forgotten. */
export function online(inspect?: (event: InspectionEvent) => void, random?: Random): ConnectionStage {
  const made = dialling(inspect, random);
  made.gateway.wire().welcome();
  made.gateway.wire().calls();
  // The handshake came in one burst, heard with its first byte: silence counts from now on.
  made.gateway.wire().received = 1;
  return made;
}
