// Owns what holds for the agent's connection whatever its dials, its gateway and its owner do.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_DIALS } from '../../machines/connection.ts';
import { MAX_GAP_MS } from '../../machines/backoff.ts';
import { errorCodes } from '../../protocol/errors.ts';
import { SeededRandom } from '../simulation/seededRandom.ts';
import { DRAIN_MS, dialling, type ConnectionStage } from './connectionStage.ts';
import type { PlayedWire } from './playedGateway.ts';

type Step = (made: ConnectionStage) => void;

/** Something happens on one of the wires that are open. */
function onWire(happens: (wire: PlayedWire, made: ConnectionStage) => void): fc.Arbitrary<Step> {
  return fc.nat(5).map((back) => (made) => {
    const open = made.context().alive;
    const attempt = open[open.length - 1 - (back % Math.max(1, open.length))];
    const wire = made.gateway.wires.find((each) => each.attempt === attempt);
    if (wire !== undefined) happens(wire, made);
  });
}

const code = fc.constantFrom(...errorCodes());
const revision = fc.integer({ min: 1, max: 3 });
const onAnyWire: readonly [number, fc.Arbitrary<Step>][] = [
  [6, onWire((wire) => wire.greet())],
  [6, onWire((wire) => wire.accept())],
  [6, revision.chain((to) => onWire((wire) => wire.confirm(to)))],
  [4, revision.chain((to) => onWire((wire) => wire.welcome(to)))],
  [2, code.chain((why) => onWire((wire) => wire.refuse(why)))],
  [2, code.chain((why) => onWire((wire) => wire.leave(why)))],
  [2, code.chain((why) => onWire((wire) => wire.break(why)))],
  [1, onWire((wire) => wire.arrives({ type: 'link.idle' }))],
  [1, onWire((wire) => wire.arrives({ type: 'link.broken', code: 'protocol_error', detail: '' }))],
];
const byOwner: readonly [number, fc.Arbitrary<Step>][] = [
  [8, fc.integer({ min: 1, max: 15_000 }).map((ms) => (made) => made.clock.runFor(ms))],
  [4, fc.nat(5_000).map((ms) => (made) => made.live(ms, 0, -1))],
  [
    2,
    revision.map(
      (to) =>
        ({ actor }) =>
          actor.send({ type: 'config.changed', config: { revision: to, mappings: [] } }),
    ),
  ],
  [1, fc.constant(({ actor }) => actor.send({ type: 'reconnect' }))],
];
const restarts: readonly [number, fc.Arbitrary<Step>][] = [
  [1, fc.constant(({ actor }) => actor.send({ type: 'stop' }))],
  [1, fc.constant(({ actor }) => actor.send({ type: 'start' }))],
];

function stepsOf(...kinds: readonly (readonly [number, fc.Arbitrary<Step>][])[]) {
  const weighted = kinds.flat().map(([weight, arbitrary]) => ({ weight, arbitrary }));
  return fc.array(fc.oneof(...weighted), { maxLength: 40 });
}

/** Who is under way, as the machine says and as the actors are. */
function expectSound(made: ConnectionStage): void {
  const { alive, dialling: dials, current } = made.context();
  expect(dials.length).toBeLessThanOrEqual(MAX_DIALS);
  expect(made.attempts()).toEqual(alive.map((attempt) => `attempt.${attempt}`));
  expect(alive).toEqual(expect.arrayContaining([...dials, ...(current === null ? [] : [current])]));
  if (made.isIn('online')) expect(current).not.toBeNull();
  else if (!made.isIn('stopping')) expect(current).toBeNull();
  if (made.isIn('trying')) expect(dials.length).toBeGreaterThan(0);
  if (made.isIn('waiting') || made.isIn('rejected')) expect(dials).toEqual([]);
}

test('there are never more than three dials in flight, and something always happens next unless offline', () => {
  fc.assert(
    fc.property(fc.integer(), stepsOf(onAnyWire, byOwner, restarts), (seed, steps) => {
      const made = dialling(undefined, new SeededRandom(seed));
      for (const step of steps) {
        step(made);
        expectSound(made);
        if (!made.isIn('offline')) expect(made.clock.pending).toBeGreaterThan(0);
      }
    }),
    { numRuns: 250 },
  );
});

test('while there is no refusal, a new dial follows the last one, or its failure, within three seconds', () => {
  fc.assert(
    fc.property(fc.integer(), stepsOf(onAnyWire, byOwner), (seed, steps) => {
      const made = dialling(undefined, new SeededRandom(seed));
      for (const step of steps) step(made);
      if (made.isIn('online') || made.isIn('rejected')) return;
      const before = made.gateway.wires.length;
      made.clock.runFor(MAX_GAP_MS);
      expect(made.gateway.wires.length).toBeGreaterThan(before);
    }),
    { numRuns: 250 },
  );
});

test('whatever happened, however long an outage swallows everything: no dial starts later than three seconds after the last', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      stepsOf(onAnyWire, byOwner),
      fc.integer({ min: 20_000, max: 120_000 }),
      (seed, steps, outageMs) => {
        const made = dialling(undefined, new SeededRandom(seed));
        for (const step of steps) step(made);
        if (made.isIn('rejected')) return;
        const fromMs = made.clock.nowMs();
        const before = made.gateway.wires.length;
        while (made.clock.nowMs() < fromMs + outageMs && made.clock.runNext()) expectSound(made);
        const dialledMs = made.gateway.dialledMs.slice(before);
        // A wire is found silent within 3.5 s; one that ends just before that is replaced after a rest.
        expect((dialledMs[0] ?? Infinity) - fromMs).toBeLessThanOrEqual(3_500 + MAX_GAP_MS);
        // From then on nothing that arrived before the outage counts any more.
        const swallowedMs = dialledMs.filter((ms) => ms >= fromMs + 500);
        for (const [at, laterMs] of [...swallowedMs.slice(1), made.clock.nowMs()].entries())
          expect(laterMs - (swallowedMs[at] ?? 0)).toBeLessThanOrEqual(MAX_GAP_MS);
        expect(made.context().dialling).toHaveLength(MAX_DIALS);
      },
    ),
    { numRuns: 150 },
  );
});

test('whatever happened, a gateway that is well again is online within five seconds', () => {
  fc.assert(
    fc.property(fc.integer(), stepsOf(onAnyWire, byOwner), (seed, steps) => {
      const made = dialling(undefined, new SeededRandom(seed));
      for (const step of steps) step(made);
      if (made.isIn('rejected')) return;
      const wellMs = made.clock.nowMs();
      for (const attempt of made.context().dialling) {
        const wire = made.gateway.wires.find((each) => each.attempt === attempt);
        wire?.break('wire_closed');
      }
      const before = made.gateway.wires.length;
      while (!made.isIn('online') && made.clock.nowMs() < wellMs + 5_000) {
        made.clock.runNext();
        for (const wire of made.gateway.wires.slice(before))
          if (made.isIn('trying')) wire.welcome(made.context().config.revision);
      }
      expect(made.isIn('online')).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('reconnect drops everything and dials at once, whatever happened before', () => {
  fc.assert(
    fc.property(fc.integer(), stepsOf(onAnyWire, byOwner), (seed, steps) => {
      const made = dialling(undefined, new SeededRandom(seed));
      for (const step of steps) step(made);
      const before = made.gateway.wires.length;
      made.actor.send({ type: 'reconnect' });
      made.clock.settle();
      expect(made.gateway.wires.length).toBe(before + 1);
      expect(made.attempts()).toEqual([`attempt.${before + 1}`]);
      made.gateway.wire().welcome(made.context().config.revision);
      expect(made.isIn('online')).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('after a stop and the drain time no child and no timer is left', () => {
  fc.assert(
    fc.property(fc.integer(), stepsOf(onAnyWire, byOwner), (seed, steps) => {
      const made = dialling(undefined, new SeededRandom(seed));
      for (const step of steps) step(made);
      const before = made.gateway.wires.length;
      made.actor.send({ type: 'stop' });
      made.clock.runFor(DRAIN_MS);
      expect([made.isIn('offline'), made.clock.pending]).toEqual([true, 0]);
      expect(Object.keys(made.actor.getSnapshot().children)).toEqual([]);
      expect(made.gateway.wires.length).toBe(before);
    }),
    { numRuns: 150 },
  );
});
