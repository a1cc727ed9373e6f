// Owns the tests of metrics: what is counted and read is told in the text format, as it is when somebody asks.

import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { Metrics } from '../../services/metrics.ts';
import { describeProcess } from '../../services/processMetrics.ts';
import { parseExposition } from '../support/exposition.ts';

const SPEC = { name: 'a_thing', help: 'A thing.' };

test('what is counted is told with its labels, each combination by itself', async () => {
  const metrics = new Metrics();
  const count = metrics.counter({ ...SPEC, name: 'things_total', labels: ['kind', 'end'] });
  count({ kind: 'one', end: 'good' });
  count({ kind: 'one', end: 'good' }, 4);
  count({ kind: 'other', end: 'bad' });
  const { values, types } = parseExposition(await metrics.read());
  expect(Object.fromEntries(values)).toEqual({
    'things_total{kind="one",end="good"}': 5,
    'things_total{kind="other",end="bad"}': 1,
  });
  expect(types.get('things_total')).toBe('counter');
});

test('what is counted by known words is told as zero before, and by another word once it has come', async () => {
  const metrics = new Metrics();
  const count = metrics.countsBy<string>({ ...SPEC, name: 'things_total', label: 'kind' }, ['one', 'other']);
  const values = async () => Object.fromEntries(parseExposition(await metrics.read()).values);
  expect(await values()).toEqual({ 'things_total{kind="one"}': 0, 'things_total{kind="other"}': 0 });
  count('one');
  count('one', 4);
  count('third');
  expect(await values()).toEqual({
    'things_total{kind="one"}': 5,
    'things_total{kind="other"}': 0,
    'things_total{kind="third"}': 1,
  });
});

test('durations fall into every bucket that is not below them', async () => {
  const metrics = new Metrics();
  const observe = metrics.histogram(SPEC, [0.1, 1]);
  for (const seconds of [0.1, 0.5, 3]) observe(seconds);
  const { values } = parseExposition(await metrics.read());
  expect(Object.fromEntries(values)).toEqual({
    'a_thing_bucket{le="0.1"}': 1,
    'a_thing_bucket{le="1"}': 2,
    'a_thing_bucket{le="+Inf"}': 3,
    a_thing_sum: 3.6,
    a_thing_count: 3,
  });
});

test('a level is read at each asking, and left out while it is not known', async () => {
  const metrics = new Metrics();
  const told: (number | null)[] = [null, 7, null, 0];
  metrics.level(SPEC, () => told.shift() ?? null);
  const seen: (number | undefined)[] = [];
  for (let asked = 0; asked < 4; asked += 1)
    seen.push(parseExposition(await metrics.read()).values.get('a_thing'));
  expect(seen).toEqual([undefined, 7, undefined, 0]);
});

test('of a family of levels those that are no more are not told any more', async () => {
  const metrics = new Metrics();
  let now: Record<string, number> = { red: 1, green: 2 };
  metrics.levels({ ...SPEC, label: 'colour' }, () => now);
  await metrics.read();
  now = { green: 3 };
  const { values } = parseExposition(await metrics.read());
  expect(Object.fromEntries(values)).toEqual({ 'a_thing{colour="green"}': 3 });
});

test('what several levels are read from is looked at once for each answer', async () => {
  const metrics = new Metrics();
  let looks = 0;
  const seen = metrics.once(() => ({ looks: (looks += 1) }));
  metrics.level({ ...SPEC, name: 'one' }, () => seen().looks);
  metrics.level({ ...SPEC, name: 'other' }, () => seen().looks);
  await metrics.read();
  const { values } = parseExposition(await metrics.read());
  expect([values.get('one'), values.get('other'), looks]).toEqual([2, 2, 2]);
});

test('what is counted elsewhere is told as far as it has come, however often it is asked for', async () => {
  const metrics = new Metrics();
  let sum = 2;
  metrics.total({ ...SPEC, name: 'things_total' }, () => sum);
  await metrics.read();
  sum = 5;
  expect(parseExposition(await metrics.read()).values.get('things_total')).toBe(5);
});

test('two services in one process count for themselves', async () => {
  const [one, other] = [new Metrics(), new Metrics()];
  one.counter({ ...SPEC, labels: [] })({});
  other.counter({ ...SPEC, labels: [] });
  expect(parseExposition(await one.read()).values.get('a_thing')).toBe(1);
  expect(parseExposition(await other.read()).values.get('a_thing')).toBe(0);
});

test('a process tells its processor, memory, files and event loop, each as it is when asked for', async () => {
  const metrics = new Metrics();
  describeProcess(metrics);
  const first = parseExposition(await metrics.read()).values;
  const known = (name: string) => first.get(name) ?? Number.NaN;
  expect(known('process_start_time_seconds')).toBeCloseTo(performance.timeOrigin / 1000, 0);
  expect(known('process_resident_memory_bytes')).toBeGreaterThan(known('nodejs_heap_size_used_bytes'));
  expect(known('process_cpu_user_seconds_total')).toBeGreaterThan(0);
  expect(known('nodejs_eventloop_lag_seconds')).toBeGreaterThan(0);
  if (process.platform === 'linux')
    expect(known('process_max_fds')).toBeGreaterThanOrEqual(known('process_open_fds'));
  const again = parseExposition(await metrics.read()).values;
  expect(again.get('process_cpu_user_seconds_total')).toBeGreaterThanOrEqual(
    known('process_cpu_user_seconds_total'),
  );
});
