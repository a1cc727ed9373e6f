// Owns the tests of whether the store can be used.

import { expect, test } from 'vitest';
import { databaseMachine, type DatabaseInput } from '../../machines/database.ts';
import { TransitionCoverage } from './coverage.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(databaseMachine);

function starting() {
  const asked: Parameters<DatabaseInput['open']>[0][] = [];
  const { actor, clock } = stage(databaseMachine, { open: (report) => asked.push(report) }, coverage.inspect);
  return {
    clock,
    asked,
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    answer: (result: Parameters<(typeof asked)[number]>[0]) => asked.at(-1)?.(result),
  };
}

test('the store is opened at once, once, and then nothing is waited for', () => {
  const { asked, state, answer, clock } = starting();
  expect([asked.length, state()]).toEqual([1, 'opening']);
  answer({ ok: true });
  clock.runFor(60_000);
  expect([asked.length, state(), clock.pending]).toEqual([1, 'open', 0]);
});

test('a store that cannot be opened is tried again for ever, after rests that double up to five seconds', () => {
  const { asked, state, context, answer, clock } = starting();
  const rests: number[] = [];
  for (let failures = 1; failures <= 8; failures += 1) {
    answer({ ok: false, reason: `failure ${failures}` });
    expect(context()).toMatchObject({ failures, reason: `failure ${failures}` });
    expect(state()).toBe('resting');
    const failedMs = clock.nowMs();
    clock.runNext();
    rests.push(clock.nowMs() - failedMs);
    expect([asked.length, state()]).toEqual([failures + 1, 'opening']);
  }
  expect(rests).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  answer({ ok: true });
  expect(state()).toBe('open');
});

test('a slow answer is waited for: the store is never opened twice at a time', () => {
  const { asked, state, clock } = starting();
  clock.runFor(3_600_000);
  expect([asked.length, state()]).toEqual([1, 'opening']);
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
