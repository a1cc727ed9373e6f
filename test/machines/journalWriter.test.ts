// Owns the tests of when rows of the logs are written and old ones pruned.

import { expect, test } from 'vitest';
import {
  GATHER_MS,
  journalWriterMachine,
  PARTING_MS,
  PRUNE_AFTER_MS,
  type JournalWriterInput,
} from '../../machines/journalWriter.ts';
import { nameOf } from '../../services/actors.ts';
import { TransitionCoverage } from './coverage.ts';
import { stage } from './stage.ts';

const coverage = new TransitionCoverage(journalWriterMachine);

/** A batch takes ten rows here. */
const BATCH = 10;

/** A writer whose store is closed, with `rows` that wait; effects stay open until they are answered. */
function closed(waiting = 0) {
  const asked: string[] = [];
  const reports: Parameters<JournalWriterInput['prune']>[0][] = [];
  const rows = { waiting };
  const effect = (name: string) => (report: (typeof reports)[number]) => {
    asked.push(name);
    reports.push(report);
  };
  const { actor, clock } = stage(
    journalWriterMachine,
    {
      begin: effect('begin'),
      write: effect('write'),
      prune: effect('prune'),
      hasRows: () => rows.waiting > 0,
      hasBatch: () => rows.waiting >= BATCH,
    },
    coverage.inspect,
  );
  function answer(ok: boolean, hasMore: boolean): void {
    const report = reports.shift();
    if (report === undefined) throw new Error('nothing is asked');
    if (ok && asked.at(-1) === 'write') rows.waiting = Math.max(0, rows.waiting - BATCH);
    report({ ok, hasMore });
  }
  return {
    actor,
    clock,
    rows,
    asked,
    /** Effects under way. */
    underWay: () => reports.length,
    state: () => nameOf(actor.getSnapshot().value),
    isOver: () => actor.getSnapshot().status === 'done',
    succeed: ({ hasMore = false } = {}) => answer(true, hasMore),
    fail: () => answer(false, false),
    come: (count = 1) => {
      const before = rows.waiting;
      rows.waiting += count;
      if (before === 0) actor.send({ type: 'rows.came' });
      if (before < BATCH && rows.waiting >= BATCH) actor.send({ type: 'rows.full' });
    },
  };
}

/** A writer with nothing to do. */
function idle() {
  const staged = closed();
  staged.actor.send({ type: 'begin' });
  staged.succeed();
  staged.succeed();
  staged.asked.length = 0;
  return staged;
}

test('nothing is asked of a journal before its store is open; rows wait', () => {
  const { actor, asked, state, come, clock } = closed();
  come(25);
  clock.runFor(60_000);
  expect([asked, state()]).toEqual([[], 'closed']);
  actor.send({ type: 'begin' });
  expect(asked).toEqual(['begin']);
});

test('it begins with what an earlier process left, prunes, and then writes the rows that waited', () => {
  const { actor, asked, state, succeed, come } = closed();
  come(25);
  actor.send({ type: 'begin' });
  succeed();
  expect([asked, state()]).toEqual([['begin', 'prune'], 'pruning']);
  succeed();
  expect([asked, state()]).toEqual([['begin', 'prune', 'write'], 'writing']);
});

test('a beginning that fails is tried again after rests that double up to fifteen seconds', () => {
  const { actor, clock, asked, fail, succeed, state } = closed();
  actor.send({ type: 'begin' });
  const rests: number[] = [];
  for (let failures = 1; failures <= 6; failures += 1) {
    fail();
    expect(state()).toBe('beginning.resting');
    const failedMs = clock.nowMs();
    clock.runNext();
    rests.push(clock.nowMs() - failedMs);
    expect([asked.length, state()]).toEqual([failures + 1, 'beginning.asking']);
  }
  expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  succeed();
  expect(state()).toBe('pruning');
});

test('the first row waits a second for others, then all are one batch', () => {
  const { clock, asked, state, come, succeed } = idle();
  come();
  clock.runFor(GATHER_MS - 1);
  come(3);
  expect([asked, state()]).toEqual([[], 'gathering']);
  clock.runFor(1);
  expect([asked, state()]).toEqual([['write'], 'writing']);
  succeed();
  succeed();
  expect([asked, state()]).toEqual([['write', 'prune'], 'idle']);
});

test('a full batch waits for nobody', () => {
  const { asked, come } = idle();
  come(BATCH - 1);
  expect(asked).toEqual([]);
  come();
  expect(asked).toEqual(['write']);
});

test('rows that come while others are written are gathered afterwards, a whole batch of them is written at once', () => {
  const { asked, state, come, succeed } = idle();
  come(BATCH);
  come(2);
  succeed();
  expect(state()).toBe('pruning');
  succeed();
  expect(state()).toBe('gathering');
  come(BATCH);
  come(BATCH);
  expect(asked).toEqual(['write', 'prune', 'write']);
  succeed();
  succeed();
  expect(asked).toEqual(['write', 'prune', 'write', 'prune', 'write']);
});

test('pruning goes on while there is more, and rows that come are written in between', () => {
  const { asked, state, come, succeed } = idle();
  come(BATCH);
  succeed();
  succeed({ hasMore: true });
  expect([asked, state()]).toEqual([['write', 'prune', 'prune'], 'pruning']);
  come(1);
  succeed({ hasMore: true });
  expect([asked.at(-1), state()]).toEqual(['write', 'writing']);
  succeed();
  succeed();
  expect(state()).toBe('idle');
});

test('without rows the logs are pruned now and then', () => {
  const { clock, asked, state, succeed } = idle();
  clock.runFor(PRUNE_AFTER_MS - 1);
  expect(asked).toEqual([]);
  clock.runFor(1);
  expect([asked, state()]).toEqual([['prune'], 'pruning']);
  succeed();
  expect(state()).toBe('idle');
});

test('what failed is tried again after growing rests, and a success forgets them', () => {
  const { clock, state, come, fail, succeed } = idle();
  come(BATCH);
  const rests: number[] = [];
  for (let failures = 1; failures <= 6; failures += 1) {
    fail();
    expect(state()).toBe('resting');
    // More rows are no reason to hurry.
    come(BATCH);
    const failedMs = clock.nowMs();
    clock.runNext();
    rests.push(clock.nowMs() - failedMs);
    expect(state()).toBe('writing');
  }
  expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  succeed();
  fail();
  expect(state()).toBe('resting');
  clock.runFor(1_000);
  expect(state()).toBe('writing');
});

test('pruning that failed with no row to write is tried again', () => {
  const { clock, asked, state, fail } = idle();
  clock.runFor(PRUNE_AFTER_MS);
  fail();
  clock.runFor(1_000);
  expect([asked, state()]).toEqual([['prune', 'prune'], 'pruning']);
});

test('pruning that goes well again forgets that it failed: the next rest is the first', () => {
  const { clock, state, come, fail, succeed } = idle();
  clock.runFor(PRUNE_AFTER_MS);
  fail();
  clock.runFor(1_000);
  fail();
  clock.runFor(2_000);
  succeed();
  come(BATCH);
  fail();
  clock.runFor(1_000);
  expect(state()).toBe('writing');
});

test('a slow journal is waited for: never are two things under way', () => {
  const { clock, come, underWay, state } = idle();
  come(BATCH);
  clock.runFor(3_600_000);
  come(BATCH);
  expect([underWay(), state()]).toEqual([1, 'writing']);
});

test('stopped with nothing to write, it ends at once', () => {
  for (const reach of [closed, idle]) {
    const { actor, isOver, asked, clock } = reach();
    actor.send({ type: 'stop' });
    expect([isOver(), asked, clock.pending]).toEqual([true, [], 0]);
  }
});

test('stopped before an earlier process is put in order, it ends at once', () => {
  const { actor, isOver } = closed(3);
  actor.send({ type: 'begin' });
  actor.send({ type: 'stop' });
  expect(isOver()).toBe(true);
});

test('stopped, it writes all that waits, batch by batch', () => {
  const { actor, asked, isOver, come, succeed } = idle();
  come(BATCH - 1);
  actor.send({ type: 'stop' });
  come(BATCH);
  expect(asked).toEqual(['write']);
  succeed();
  expect([asked, isOver()]).toEqual([['write', 'write'], false]);
  succeed();
  expect(isOver()).toBe(true);
});

test('stopped while something is under way, it waits for that before it writes the rest', () => {
  const { actor, asked, isOver, come, succeed, underWay } = idle();
  come(BATCH + 5);
  actor.send({ type: 'stop' });
  expect([asked, underWay()]).toEqual([['write'], 1]);
  succeed();
  expect([asked, isOver()]).toEqual([['write', 'write'], false]);
  succeed();
  expect(isOver()).toBe(true);
});

test('stopped while it prunes, or while the last rows are written, it ends when that has', () => {
  const pruning = idle();
  pruning.clock.runFor(PRUNE_AFTER_MS);
  const writing = idle();
  writing.come(BATCH);
  for (const { actor, isOver, succeed } of [pruning, writing]) {
    actor.send({ type: 'stop' });
    expect(isOver()).toBe(false);
    succeed();
    expect(isOver()).toBe(true);
  }
});

test('stopped while the journal fails, it tries once more and ends', () => {
  const underWay = idle();
  underWay.come(BATCH);
  underWay.actor.send({ type: 'stop' });
  underWay.fail();
  expect(underWay.isOver()).toBe(true);

  const resting = idle();
  resting.come(BATCH);
  resting.fail();
  resting.actor.send({ type: 'stop' });
  expect([resting.asked, resting.isOver()]).toEqual([['write', 'write'], false]);
  resting.fail();
  expect(resting.isOver()).toBe(true);

  const unneeded = idle();
  unneeded.clock.runFor(PRUNE_AFTER_MS);
  unneeded.fail();
  unneeded.actor.send({ type: 'stop' });
  expect(unneeded.isOver()).toBe(true);
});

test('a journal that hangs does not hold up the end', () => {
  const { actor, clock, come, isOver, succeed, state } = idle();
  come(BATCH * 3);
  actor.send({ type: 'stop' });
  clock.runFor(PARTING_MS - 1);
  expect(state()).toBe('ending');
  succeed();
  clock.runFor(PARTING_MS - 1);
  expect(isOver()).toBe(false);
  succeed();
  clock.runFor(1);
  expect(isOver()).toBe(true);

  const hung = idle();
  hung.come(BATCH);
  hung.actor.send({ type: 'stop' });
  hung.clock.runFor(PARTING_MS);
  expect(hung.isOver()).toBe(true);
});

test('every transition was taken', () => {
  expect(coverage.missing).toEqual([]);
});
