// Owns the tests of whether the store can be used.

import { expect, test } from 'vitest';
import {
  databaseMachine,
  PING_AFTER_MS,
  PING_TIMEOUT_MS,
  type DatabaseResult,
} from '../../machines/database.ts';
import { TransitionCoverage } from './coverage.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(databaseMachine);
const OK: DatabaseResult = { ok: true };
const LOCKED: DatabaseResult = { ok: false, reason: 'locked' };

interface Asked {
  readonly effect: 'open' | 'ping' | 'recover';
  readonly report: (result: DatabaseResult) => void;
}

function starting() {
  const asked: Asked[] = [];
  const note = (effect: Asked['effect']) => (report: Asked['report']) => void asked.push({ effect, report });
  const { actor, clock } = stage(
    databaseMachine,
    { open: note('open'), ping: note('ping'), recover: note('recover') },
    coverage.inspect,
  );
  return {
    clock,
    asked: () => asked.map(({ effect }) => effect),
    pings: () => asked.filter(({ effect }) => effect === 'ping'),
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    answer: (result: DatabaseResult) => asked.at(-1)?.report(result),
    fail: (reason: string) => actor.send({ type: 'database.failed', reason }),
  };
}

function opened() {
  const machine = starting();
  machine.answer(OK);
  return machine;
}

test('the store is opened at once, and asked now and then whether it still answers', () => {
  const { asked, state, answer, clock } = starting();
  expect([asked(), state()]).toEqual([['open'], { starting: 'opening' }]);
  answer(OK);
  clock.runFor(PING_AFTER_MS - 1);
  expect([asked(), state()]).toEqual([['open'], { open: 'quiet' }]);
  clock.runFor(1);
  expect([asked(), state()]).toEqual([['open', 'ping'], { open: 'asked' }]);
  answer(OK);
  expect(state()).toEqual({ open: 'quiet' });
});

test('a store that cannot be opened is tried again for ever, after rests that double up to five seconds', () => {
  const { asked, state, context, answer, clock } = starting();
  const rests: number[] = [];
  for (let failures = 1; failures <= 8; failures += 1) {
    answer({ ok: false, reason: `failure ${failures}` });
    expect(context()).toMatchObject({ failures, reason: `failure ${failures}` });
    expect(state()).toEqual({ starting: 'resting' });
    const failedMs = clock.nowMs();
    clock.runNext();
    rests.push(clock.nowMs() - failedMs);
    expect([asked().length, state()]).toEqual([failures + 1, { starting: 'opening' }]);
  }
  expect(rests).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  answer(OK);
  expect([state(), context()]).toMatchObject([{ open: 'quiet' }, { failures: 0, reason: '' }]);
});

test('a slow answer is waited for: the store is never opened twice at a time', () => {
  const { asked, state, clock } = starting();
  clock.runFor(3_600_000);
  expect([asked(), state()]).toEqual([['open'], { starting: 'opening' }]);
});

test('an open store that fails an edit is lost, and tried again until it recovers', () => {
  const { asked, state, context, answer, fail, clock } = opened();
  fail('locked');
  expect([state(), context()]).toMatchObject([{ lost: 'resting' }, { failures: 1, reason: 'locked' }]);
  clock.runFor(250);
  expect([asked(), state()]).toEqual([['open', 'recover'], { lost: 'recovering' }]);
  answer(LOCKED);
  expect(state()).toEqual({ lost: 'resting' });
  clock.runFor(500);
  answer(OK);
  expect([state(), context()]).toMatchObject([{ open: 'quiet' }, { failures: 0, reason: '' }]);
});

test('an open store that does not answer a question in time is lost', () => {
  const { state, context, answer, clock } = opened();
  clock.runFor(PING_AFTER_MS + PING_TIMEOUT_MS - 1);
  expect(state()).toEqual({ open: 'asked' });
  clock.runFor(1);
  expect([state(), context()]).toMatchObject([
    { lost: 'resting' },
    { failures: 1, reason: 'It has not answered within 5 s.' },
  ]);
  answer(OK);
  expect(state()).toEqual({ lost: 'resting' });
});

test('a failed question, or an edit that fails while one is under way, loses it at once', () => {
  for (const lose of [
    (machine: ReturnType<typeof opened>) => machine.answer(LOCKED),
    (machine: ReturnType<typeof opened>) => machine.fail('locked'),
  ]) {
    const machine = opened();
    machine.clock.runFor(PING_AFTER_MS);
    lose(machine);
    expect(machine.state()).toEqual({ lost: 'resting' });
  }
});

test.each([OK, LOCKED])('a ping that answers late says nothing about the recovery under way: %j', (late) => {
  const { asked, state, pings, answer, clock } = opened();
  clock.runFor(PING_AFTER_MS + PING_TIMEOUT_MS + 250);
  expect([asked(), state()]).toEqual([['open', 'ping', 'recover'], { lost: 'recovering' }]);
  pings()[0]?.report(late);
  expect(state()).toEqual({ lost: 'recovering' });
  answer(OK);
  expect(state()).toEqual({ open: 'quiet' });
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
