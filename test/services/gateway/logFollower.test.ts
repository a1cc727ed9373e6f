// Owns the tests of following another program's log file: from its end on, through rotation and truncation.

import { appendFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../services/clock.ts';
import { followLog } from '../../../services/gateway/logFollower.ts';
import { until } from '../../support/rig.ts';
import { tempDir } from '../spawned.ts';

/** The follower looks every few milliseconds here. */
const clock = {
  ...systemClock,
  setTimer: (_delayMs: number, callback: () => void) => systemClock.setTimer(5, callback),
};

function following(path: string) {
  const lines: string[] = [];
  const troubles: (string | null)[] = [];
  const stop = followLog({
    path,
    clock,
    onLine: (line) => lines.push(line),
    onTrouble: (code) => troubles.push(code),
  });
  onTestFinished(stop);
  return {
    lines,
    troubles,
    stop,
    hasRead: (last: string) => until(`it has read ${last}`, () => lines.at(-1) === last),
  };
}

/** A file with a line of before, and a follower that has begun. */
async function begun() {
  const path = join(tempDir(), 'caddy.log');
  writeFileSync(path, 'old\n');
  const follower = following(path);
  // The first look is over when a line of after it is read.
  let count = 0;
  await until('it follows', () => {
    if (follower.lines.length === 0) appendFileSync(path, `begin ${(count += 1)}\n`);
    return follower.lines.length > 0;
  });
  await follower.hasRead(`begin ${count}`);
  expect(follower.lines).not.toContain('old');
  follower.lines.length = 0;
  return { path, ...follower };
}

test('what is written from now on is read, line by line, and what was there before is not', async () => {
  const { path, lines, hasRead } = await begun();
  appendFileSync(path, 'one\ntwo\nthr');
  await hasRead('two');
  appendFileSync(path, 'ee ä');
  appendFileSync(path, '\n');
  await hasRead('three ä');
  expect(lines).toEqual(['one', 'two', 'three ä']);
});

test('a file that is rotated is read to its end, and then the new one from its beginning', async () => {
  const { path, lines, hasRead } = await begun();
  appendFileSync(path, 'last\n');
  renameSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, 'very last\n');
  writeFileSync(path, 'first\n');
  await hasRead('first');
  appendFileSync(path, 'second\n');
  await hasRead('second');
  expect(lines).toEqual(['last', 'very last', 'first', 'second']);
});

test('a file that is truncated is read from its beginning, without what was half a line', async () => {
  const { path, lines, hasRead } = await begun();
  appendFileSync(path, 'before\nhalf');
  await hasRead('before');
  truncateSync(path, 0);
  await until('it has seen that', async () => {
    appendFileSync(path, 'x\n');
    return Promise.resolve(lines.includes('x'));
  });
  expect(lines.filter((line) => line !== 'x')).toEqual(['before']);
});

test('a file that is not there yet is waited for and read whole, and so is one that went', async () => {
  const path = join(tempDir(), 'caddy.log');
  const { lines, troubles, hasRead } = following(path);
  await until('it is missed', () => troubles.length === 1);
  writeFileSync(path, 'first\n');
  await hasRead('first');
  rmSync(path);
  await until('it is missed again', () => troubles.length === 3);
  writeFileSync(path, 'second\n');
  await hasRead('second');
  expect([lines, troubles]).toEqual([
    ['first', 'second'],
    ['ENOENT', null, 'ENOENT', null],
  ]);
});

test('lines without an end are left out, and a flood is read from where we can follow it', async () => {
  const { path, lines, hasRead } = await begun();
  appendFileSync(path, `${'x'.repeat(200_000)}\nshort\n`);
  await hasRead('short');
  expect(lines).toEqual(['short']);
  appendFileSync(path, `${'a line of a flood\n'.repeat(500_000)}end\n`);
  await hasRead('end');
  expect(lines.length).toBeGreaterThan(200_000);
  expect(lines.length).toBeLessThan(300_000);
  expect(lines.slice(1, -1).every((line) => line === 'a line of a flood')).toBe(true);
});

test('after its stop nothing is read any more', async () => {
  const { path, lines, stop } = await begun();
  await stop();
  appendFileSync(path, 'late\n');
  const later = following(path);
  appendFileSync(path, 'later\n');
  await until('somebody else has read on', () => {
    appendFileSync(path, 'still\n');
    return later.lines.length > 0;
  });
  expect(lines).toEqual([]);
});
