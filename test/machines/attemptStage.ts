// Owns the stage of one attempt: a dial on a wire played by hand.

import { expect } from 'vitest';
import type { InspectionEvent } from 'xstate';
import { attemptMachine } from '../../machines/attempt.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { SeededRandom } from '../simulation/seededRandom.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';
import { FakeTokens } from './fakeTokens.ts';
import { PlayedGateway, SECRET } from './playedGateway.ts';
import type { LinkCall } from './recordingLink.ts';
import { stage } from './stage.ts';

export const ATTEMPT = 7;
export const mapping = {
  id: '0b4e0f0a-7d0f-4c59-9d3a-3f1a5f1d2c01',
  externalDomain: 'app.example.com',
  externalPort: 443,
};

export function dialled(inspect: (event: InspectionEvent) => void) {
  const clock = new SimulatedClock();
  const links = new PlayedGateway(clock);
  const input = {
    links,
    tokens: new FakeTokens(SECRET, (answer) => clock.post(answer)),
    random: new SeededRandom(1),
    identity: { agentId: 'a3bb189e-8bf9-4c3b-9f6c-1b1f0a6f4c01', epoch: 'boot', slot: 0, attempt: ATTEMPT },
    version: '1.2.3',
    config: { revision: 1, mappings: [mapping] },
    drainMs: 5_000,
  };
  const { actor, reports } = stage(attemptMachine, input, inspect, clock);
  const made = {
    clock,
    actor,
    reports,
    wire: links.wire(),
    links,
    said: () => reports().map(({ type }) => type),
  };
  return made;
}

export function online(inspect: (event: InspectionEvent) => void) {
  const made = dialled(inspect);
  made.wire.welcome();
  made.reports();
  made.wire.calls();
  return made;
}

/** What an attempt that is over did last, and said. */
export function expectEnd(
  { wire, actor, clock, reports }: ReturnType<typeof dialled>,
  code: ErrorCode,
  last: LinkCall[],
) {
  expect(reports().at(-1)).toEqual({ type: 'attempt.ended', attempt: ATTEMPT, code, detail: '' });
  expect(wire.calls().filter((call) => call.do !== 'send')).toEqual(last);
  expect(actor.getSnapshot().status).toBe('done');
  expect(clock.pending).toBe(0);
}
export const closing = (code: ErrorCode): LinkCall => ({ do: 'close', code, detail: '' });
