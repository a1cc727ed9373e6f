// Owns the tests of the handshake that only looks: how far it comes, what it hears, and that it always leaves.

import { expect, test } from 'vitest';
import { DIAL_TIMEOUT_MS } from '../../machines/attempt.ts';
import { handshakeMachine } from '../../machines/handshake.ts';
import type { LinkEvent } from '../../machines/link.ts';
import { HANDSHAKE_TIMEOUT_MS } from '../../protocol/limits.ts';
import { SeededRandom } from '../simulation/seededRandom.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';
import { TransitionCoverage } from './coverage.ts';
import { FakeTokens } from './fakeTokens.ts';
import { PlayedWire, SECRET } from './playedGateway.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(handshakeMachine);

/** Our clock is this far behind the gateway's. */
const BEHIND_MS = 42_000;

const identity = { agentId: 'a3bb189e-8bf9-4c3b-9f6c-1b1f0a6f4c01', epoch: 'boot', slot: 0, attempt: 1 };
const LEFT = { do: 'close', code: 'stopped', detail: '' };

test('a secret that the gateway takes is accepted, its clock is compared, and the wire is left', () => {
  const { wire, outcome, doings } = dialled();
  wire.greet();
  expect(outcome()).toBeUndefined();
  wire.accept();
  expect(outcome()).toMatchObject({ greeting: { version: '9.9', skewMs: BEHIND_MS }, isAccepted: true });
  expect(doings()).toEqual([LEFT]);
});

test('a secret that the gateway refuses is told with its reason', () => {
  const { wire, outcome } = dialled();
  wire.greet();
  wire.refuse('auth_failed');
  expect(outcome()).toMatchObject({ greeting: { version: '9.9' }, isAccepted: false, code: 'auth_failed' });
});

test('a gateway that sends us away is told with its reason', () => {
  const { wire, outcome } = dialled();
  wire.greet();
  wire.leave('going_away');
  expect(outcome()).toMatchObject({ isAccepted: false, code: 'going_away' });
});

test.each<[string, LinkEvent]>([
  ['closes', { type: 'link.closed', code: 'wire_closed', detail: 'reset' }],
  ['breaks the protocol', { type: 'link.broken', code: 'protocol_error', detail: 'no JSON' }],
])('a wire that %s before the greeting ends it, and says why', (_what, event) => {
  const { wire, outcome, doings } = dialled();
  wire.arrives(event);
  const why = 'code' in event ? { code: event.code, detail: event.detail } : {};
  expect(outcome()).toEqual({ greeting: null, isAccepted: false, ...why });
  expect(doings()).toEqual([LEFT]);
});

test('a dial that hangs is given up in time', () => {
  const { clock, outcome, doings } = dialled();
  clock.runFor(DIAL_TIMEOUT_MS - 1);
  expect(outcome()).toBeUndefined();
  clock.runFor(1);
  expect(outcome()).toMatchObject({ greeting: null, code: 'dial_timeout' });
  expect([doings(), clock.pending]).toEqual([[LEFT], 0]);
});

test('a gateway that greets and then says nothing is given up in time', () => {
  const { wire, clock, outcome } = dialled();
  wire.greet();
  clock.runFor(HANDSHAKE_TIMEOUT_MS);
  expect(outcome()).toMatchObject({ greeting: { version: '9.9' }, code: 'handshake_timeout' });
  expect(clock.pending).toBe(0);
});

test('what the wire says after the end changes nothing', () => {
  const { wire, outcome } = dialled();
  wire.greet();
  wire.accept();
  const before = outcome();
  wire.arrives({ type: 'link.closed', code: 'wire_closed', detail: '' });
  expect(outcome()).toEqual(before);
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});

/** A handshake whose dial is under way. */
function dialled() {
  const clock = new SimulatedClock();
  const wires: PlayedWire[] = [];
  const { actor } = stage(
    handshakeMachine,
    {
      dial: (report) => {
        const wire = new PlayedWire(1, clock, report);
        wires.push(wire);
        return wire;
      },
      tokens: new FakeTokens(SECRET, (answer) => clock.post(answer)),
      random: new SeededRandom(1),
      identity,
      version: '1.2.3',
      wallMs: () => clock.wallMs() - BEHIND_MS,
    },
    coverage.inspect,
    clock,
  );
  const [wire] = wires;
  if (wire === undefined) throw new Error('It dials at once.');
  return {
    wire,
    clock,
    /** Undefined while it is under way. */
    outcome: () => actor.getSnapshot().output,
    /** What was done to the wire besides what was sent. */
    doings: () => wire.calls().filter((call) => call.do !== 'send'),
  };
}
