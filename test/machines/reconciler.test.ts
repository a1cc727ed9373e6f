// Owns the tests of when Caddy is looked at and when it is written.

import { expect, test } from 'vitest';
import {
  FIRST_REST_MS,
  MAX_ROUNDS,
  reconcilerMachine,
  WRITE_PAUSE_MS,
  type LookResult,
  type WriteResult,
} from '../../machines/reconciler.ts';
import { TransitionCoverage } from './coverage.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(reconcilerMachine);
const RIGHT: LookResult = { type: 'look.right' };
const DIFFERS: LookResult = { type: 'look.differs' };
const DONE: WriteResult = { type: 'write.done' };
const STALE: WriteResult = { type: 'write.stale' };
const AWAY = { type: 'caddy.failed', reason: 'refused' } as const;

function starting() {
  const asked: ('look' | 'write')[] = [];
  let reportLook = (_: LookResult) => {};
  let reportWrite = (_: WriteResult) => {};
  const { actor, clock } = stage(
    reconcilerMachine,
    {
      look: (report) => {
        asked.push('look');
        reportLook = report;
      },
      write: (report) => {
        asked.push('write');
        reportWrite = report;
      },
    },
    coverage.inspect,
  );
  return {
    clock,
    /** What it did since the last call. */
    did: () => asked.splice(0),
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    sees: (...results: LookResult[]) => {
      for (const result of results) reportLook(result);
    },
    hears: (result: WriteResult) => {
      reportWrite(result);
    },
    change: () => {
      actor.send({ type: 'desired.changed' });
    },
  };
}

function settled() {
  const machine = starting();
  machine.sees(RIGHT);
  machine.did();
  return machine;
}

test('Caddy is looked at first, and a Caddy that is right is not written', () => {
  const { did, state, context, sees } = starting();
  expect([did(), state()]).toEqual([['look'], 'looking']);
  expect(context()).toMatchObject({ failures: 0, rounds: 0, reason: '' });
  sees(RIGHT);
  expect([did(), state()]).toEqual([[], 'settled']);
});

test('a Caddy that differs is written once, and looked at again before it is believed', () => {
  const { did, state, context, sees, hears } = starting();
  sees(DIFFERS);
  expect([did(), state(), context().rounds]).toEqual([['look', 'write'], 'writing', 1]);
  hears(DONE);
  expect([did(), state()]).toEqual([['look'], 'verifying']);
  sees(RIGHT);
  expect([did(), state(), context().rounds]).toEqual([[], { pausing: 'right' }, 0]);
});

test('after a write nothing is written for a second: what is changed meanwhile becomes one write', () => {
  const { did, state, clock, sees, hears, change } = starting();
  sees(DIFFERS);
  hears(DONE);
  sees(RIGHT);
  did();
  clock.runFor(500);
  change();
  expect(state()).toEqual({ pausing: 'due' });
  clock.runFor(499);
  change();
  expect(did()).toEqual([]);
  clock.runFor(1);
  expect([did(), state()]).toEqual([['look'], 'looking']);
  sees(DIFFERS);
  expect(did()).toEqual(['write']);
});

test('a quiet second after a write ends with one more look', () => {
  const { did, state, clock, sees, hears } = starting();
  sees(DIFFERS);
  hears(DONE);
  sees(RIGHT);
  did();
  clock.runFor(WRITE_PAUSE_MS);
  expect([did(), state()]).toEqual([['look'], 'looking']);
  sees(RIGHT);
  expect([did(), state()]).toEqual([[], 'settled']);
});

test('a write that Caddy does not show is made anew a second later', () => {
  const { did, state, clock, sees, hears } = starting();
  sees(DIFFERS);
  hears(DONE);
  sees(DIFFERS);
  expect([did(), state()]).toEqual([['look', 'write', 'look'], { pausing: 'due' }]);
  clock.runFor(WRITE_PAUSE_MS);
  sees(DIFFERS);
  expect(did()).toEqual(['look', 'write']);
});

test('a write that came too late for somebody else is made anew over what is there now', () => {
  const { did, state, sees, hears } = starting();
  sees(DIFFERS);
  hears(STALE);
  expect([did(), state()]).toEqual([['look', 'write', 'look'], 'looking']);
  sees(DIFFERS);
  expect(did()).toEqual(['write']);
});

test('what Caddy cannot take is left out at once, and that is no fight', () => {
  const { did, context, sees, hears } = starting();
  for (let round = 0; round <= MAX_ROUNDS; round += 1) {
    sees(DIFFERS);
    hears({ type: 'write.narrowed' });
    expect(context()).toMatchObject({ rounds: 0, failures: 0 });
  }
  did();
  sees(DIFFERS);
  expect(did()).toEqual(['write']);
});

test('a Caddy into which others write three times before us is left alone for a while', () => {
  const { did, state, context, sees, hears } = starting();
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    sees(DIFFERS);
    hears(STALE);
  }
  did();
  sees(DIFFERS);
  expect([did(), state(), context()]).toMatchObject([[], 'resting', { failures: 1, rounds: 0 }]);
});

test('a Caddy that is gone after a write is asked again after a rest', () => {
  const { did, state, clock, sees, hears } = starting();
  sees(DIFFERS);
  hears(DONE);
  sees(AWAY);
  did();
  expect(state()).toBe('resting');
  clock.runFor(FIRST_REST_MS);
  expect(did()).toEqual(['look']);
});

test('a settled Caddy is looked at again every three seconds: what somebody undid is mended', () => {
  const { did, state, clock, sees } = settled();
  clock.runFor(2_999);
  expect([did(), state()]).toEqual([[], 'settled']);
  clock.runFor(1);
  expect([did(), state()]).toEqual([['look'], 'looking']);
  sees(DIFFERS);
  expect(did()).toEqual(['write']);
});

test('changes that come together are one look and one write, and none of them waits for longer than the first', () => {
  const { did, state, clock, sees, change } = settled();
  change();
  clock.runFor(19);
  change();
  expect([did(), state()]).toEqual([[], 'gathering']);
  clock.runFor(1);
  expect([did(), state()]).toEqual([['look'], 'looking']);
  sees(DIFFERS);
  expect(did()).toEqual(['write']);
});

test('a slow answer is waited for: Caddy is never asked twice at a time', () => {
  const { did, change, clock, sees, state } = starting();
  clock.runFor(3_600_000);
  change();
  expect([did(), state()]).toEqual([['look'], 'looking']);
  sees(DIFFERS);
  clock.runFor(3_600_000);
  change();
  expect([did(), state()]).toEqual([['write'], 'writing']);
});

test('a Caddy that cannot be looked at is tried again for ever, after rests that double up to two seconds', () => {
  const { did, state, context, clock, sees } = starting();
  const rests: number[] = [];
  for (let failures = 1; failures <= 6; failures += 1) {
    did();
    sees({ type: 'caddy.failed', reason: `failure ${failures}` });
    expect([state(), context()]).toMatchObject(['resting', { failures, reason: `failure ${failures}` }]);
    const failedMs = clock.nowMs();
    clock.runNext();
    rests.push(clock.nowMs() - failedMs);
    expect([did(), state()]).toEqual([['look'], 'looking']);
  }
  expect(rests).toEqual([250, 500, 1_000, 2_000, 2_000, 2_000]);
  sees(RIGHT);
  expect(context()).toMatchObject({ failures: 0, reason: '' });
});

test('a write that fails rests too, and is only forgotten once Caddy is seen to be right', () => {
  const { did, state, context, clock, sees, hears } = starting();
  sees(DIFFERS);
  hears(AWAY);
  expect([did(), state(), context().rounds]).toEqual([['look', 'write'], 'resting', 0]);
  clock.runFor(FIRST_REST_MS);
  sees(DIFFERS);
  expect([did(), context()]).toMatchObject([['look', 'write'], { failures: 1, reason: 'refused' }]);
  hears(AWAY);
  expect(context().failures).toBe(2);
});

test('a Caddy that does not show three writes in a row is left alone for a while, with the reason', () => {
  const { did, state, context, clock, sees, hears } = starting();
  for (let round = 1; round <= 3; round += 1) {
    sees(DIFFERS);
    expect(state()).toBe('writing');
    hears(DONE);
    if (round === 3) break;
    sees(DIFFERS);
    clock.runFor(WRITE_PAUSE_MS);
  }
  did();
  sees(DIFFERS);
  expect([did(), state(), context()]).toMatchObject([
    [],
    'resting',
    { failures: 1, rounds: 0, reason: 'Somebody else keeps changing what Caddy has.' },
  ]);
  clock.runFor(FIRST_REST_MS);
  sees(DIFFERS);
  expect([did(), state()]).toEqual([['look', 'write'], 'writing']);
});

test('a failure between two writes ends the fight: the rounds are counted anew', () => {
  const { state, clock, sees, hears } = starting();
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    sees(DIFFERS);
    hears(round === 1 ? AWAY : DONE);
    if (round > 1) sees(DIFFERS);
    clock.runFor(round === 1 ? FIRST_REST_MS : WRITE_PAUSE_MS);
  }
  sees(DIFFERS);
  expect(state()).toBe('writing');
});

test('once it was right, the rounds are counted anew', () => {
  const { state, clock, sees, hears } = starting();
  for (let poll = 0; poll <= MAX_ROUNDS; poll += 1) {
    sees(DIFFERS);
    hears(DONE);
    sees(RIGHT);
    clock.runFor(WRITE_PAUSE_MS);
  }
  sees(DIFFERS);
  expect(state()).toBe('writing');
});

test.each(['write', 'check', 'pause', 'look'] as const)(
  'edits that come in during each %s are no fight',
  (during) => {
    const { state, context, change, clock, sees, hears } = starting();
    for (let round = 0; round <= 2 * MAX_ROUNDS; round += 1) {
      sees(DIFFERS);
      if (during === 'write') change();
      hears(DONE);
      if (during === 'check') change();
      sees(DIFFERS);
      if (during === 'pause') change();
      clock.runFor(WRITE_PAUSE_MS);
      if (during === 'look') change();
      expect([state(), context().rounds]).toEqual(['looking', 0]);
    }
    sees(DIFFERS);
    expect(state()).toBe('writing');
  },
);

test('a change while it rests hurries nothing', () => {
  const { did, state, clock, sees, change } = starting();
  sees(AWAY);
  did();
  change();
  clock.runFor(FIRST_REST_MS - 1);
  expect([did(), state()]).toEqual([[], 'resting']);
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
