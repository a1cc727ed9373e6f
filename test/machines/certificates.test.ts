// Owns the tests of when names are looked at for their certificates.

import { expect, test } from 'vitest';
import { certificatesMachine, MAX_PROBES } from '../../machines/certificates.ts';
import { MAX_PAUSE_MS, type ProbeResult } from '../../machines/probeSchedule.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';
import { TransitionCoverage } from './coverage.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(certificatesMachine);

function watching(...names: string[]) {
  return watchingOn(new SimulatedClock(), 0, ...names);
}

/** Each look at the clock takes so long. */
function watchingOn(clock: SimulatedClock, lookMs: number, ...names: string[]) {
  let spentMs = 0;
  const asked: string[] = [];
  const tried: number[] = [];
  const reports = new Map<string, (result: ProbeResult) => void>();
  const { actor } = stage(
    certificatesMachine,
    {
      nowMs: () => clock.nowMs() + (spentMs += lookMs),
      probe: (name, tries, report) => {
        asked.push(name);
        tried.push(tries);
        reports.set(name, report);
      },
    },
    coverage.inspect,
    clock,
  );
  const want = (...wanted: string[]) => actor.send({ type: 'names.wanted', names: wanted });
  if (names.length > 0) want(...names);
  return {
    clock,
    want,
    state: () => actor.getSnapshot().value,
    /** The names looked at since the last call. */
    asked: () => asked.splice(0),
    /** How often each of them had been looked at in vain. */
    tried: () => tried.splice(0),
    move: (...moved: string[]) => {
      actor.send({ type: 'names.moved', names: moved });
    },
    sees: (result: ProbeResult, ...seen: string[]) => {
      for (const name of seen) reports.get(name)?.(result);
    },
  };
}

const many = (count: number) => Array.from({ length: count }, (_, n) => `name ${n}`);

test('nothing is looked at while there are no names', () => {
  const { clock, state, asked, want } = watching();
  expect([state(), clock.pending]).toEqual(['idle', 0]);
  want();
  expect([asked(), state(), clock.pending]).toEqual([[], 'idle', 0]);
});

test('a new name is looked at once, and at once', () => {
  const { asked, state, want } = watching('a');
  expect([asked(), state()]).toEqual([['a'], 'idle']);
  want('a', 'b');
  expect(asked()).toEqual(['b']);
});

test('a name without a certificate is looked at for ever, after pauses that double up to a minute', () => {
  const { clock, asked, tried, state, sees } = watching('a');
  const pauses: number[] = [];
  for (let tries = 1; tries <= 9; tries += 1) {
    expect([asked(), tried()]).toEqual([['a'], [tries - 1]]);
    sees('none', 'a');
    expect(state()).toBe('resting');
    const endedMs = clock.nowMs();
    clock.runNext();
    pauses.push(clock.nowMs() - endedMs);
  }
  expect(pauses.map((ms) => ms / 1_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test.each([
  ['issued', 3_600_000],
  ['plain', 600_000],
] as const)('a name that is %s rests for %i ms, and its pauses begin anew', (result, restMs) => {
  const { clock, asked, tried, sees } = watching('a');
  sees('none', 'a');
  clock.runFor(1_000);
  sees(result, 'a');
  asked();
  tried();
  clock.runFor(restMs - 1);
  expect(asked()).toEqual([]);
  clock.runFor(1);
  expect([asked(), tried()]).toEqual([['a'], [0]]);
});

test('a name that has moved is looked at at once, and its pauses begin anew', () => {
  const { clock, asked, tried, sees, move } = watching('a');
  for (const ms of [1_000, 2_000, 4_000]) {
    sees('none', 'a');
    clock.runFor(ms);
  }
  sees('none', 'a');
  asked();
  tried();
  move('a');
  expect([asked(), tried()]).toEqual([['a'], [0]]);
  sees('none', 'a');
  clock.runFor(1_000);
  expect(asked()).toEqual(['a']);
});

test('a name that moves while it is looked at is looked at once more: what was seen may be of before', () => {
  const { asked, sees, move, state } = watching('a');
  move('a');
  expect(asked()).toEqual(['a']);
  sees('issued', 'a');
  expect(asked()).toEqual(['a']);
  sees('issued', 'a');
  expect([asked(), state()]).toEqual([[], 'resting']);
});

test('a few are looked at side by side, and another whenever one is done', () => {
  const { asked, state, sees } = watching(...many(1_000));
  const first = asked();
  expect([first.length, state()]).toEqual([MAX_PROBES, 'crowded']);
  sees('issued', ...first.slice(0, 2));
  const next = asked();
  expect(next).toHaveLength(2);
  const seen = [...first, ...next];
  for (let batch = [...first.slice(2), ...next]; batch.length > 0; batch = asked()) {
    expect(batch.length).toBeLessThanOrEqual(MAX_PROBES);
    sees('issued', ...batch);
    seen.push(...batch.filter((name) => !seen.includes(name)));
  }
  expect([seen.length, state()]).toEqual([1_000, 'resting']);
});

test('a new or moved name goes before those that wait for longer', () => {
  const { clock, asked, sees, want, move } = watching(...many(20));
  for (let batch = asked(); batch.length > 0; batch = asked()) sees('none', ...batch);
  clock.runFor(1_000);
  expect(asked()).toHaveLength(MAX_PROBES);
  clock.runFor(MAX_PAUSE_MS);
  move('name 19');
  want(...many(20), 'new');
  sees('none', 'name 0', 'name 1');
  expect(new Set(asked())).toEqual(new Set(['name 19', 'new']));
  sees('none', 'name 2');
  expect(asked()).toEqual(['name 8']);
});

test('names that move together are all looked at anew', () => {
  const { asked, sees, move } = watching('a', 'b', 'c');
  sees('issued', 'a', 'b');
  asked();
  move('a', 'b', 'c');
  expect(asked()).toEqual(['a', 'b']);
  sees('none', 'c');
  expect(asked()).toEqual(['c']);
});

test('a name that is not wanted any more leaves its place, and what is told of it does no harm', () => {
  const { asked, sees, want, move, state, clock } = watching(...many(MAX_PROBES));
  expect(asked()).toHaveLength(MAX_PROBES);
  want('a', 'b');
  expect(asked()).toEqual(['a', 'b']);
  sees('none', 'name 0');
  move('name 0');
  sees('none', 'a', 'a');
  expect([asked(), state()]).toEqual([[], 'resting']);
  clock.runFor(1_000);
  expect(asked()).toEqual(['a']);
  want();
  expect([state(), clock.pending]).toEqual(['idle', 0]);
});

/** Its timers fire a little early, as those of Node do. */
class EarlyClock extends SimulatedClock {
  override setTimer(delayMs: number, callback: () => void): () => void {
    return super.setTimer(delayMs - 0.5, callback);
  }
}

test('time that passes while it is decided holds nothing up', () => {
  for (let lookMs = 0.05; lookMs < 1; lookMs += 0.05) {
    const { clock, asked, sees, state } = watchingOn(new EarlyClock(), lookMs, 'a');
    for (let round = 0; round < 50; round += 1) {
      for (let timers = 0; timers < 100 && state() === 'resting'; timers += 1) clock.runNext();
      expect(asked()).toEqual(['a']);
      sees('none', 'a');
    }
  }
});

test('every transition of the chart was taken', () => {
  expect(coverage.missing).toEqual([]);
});
