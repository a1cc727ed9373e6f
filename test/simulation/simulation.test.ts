// Owns the simulation's part of the tests: small worlds hold, tell the same story twice, and are not empty.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BUGS, plant } from './bugs.ts';
import { runWorld, type WorldReport } from './world.ts';

const WORLDS = 300;

/** What must have happened somewhere in these worlds for them to say anything. */
const COVERED = [
  'bytes down',
  'bytes up',
  'clones refused',
  'clones took over after crash',
  'clones took over after halfOpen',
  'clones took over after stop',
  'dial blackhole',
  'dial refused',
  'dial swallowed',
  'edits heard',
  'error head_timeout',
  'error tunnel_lost',
  'error tunnel_offline',
  'error unknown_host',
  'fault agentCrash',
  'fault agentRestart',
  'fault gatewayCrash',
  'fault gatewayRestart',
  'fault rotateAgent',
  'fault rotateGateway',
  'gateway says challenge',
  'gateway says domain_taken',
  'gateway says route_status',
  'gateway says that a name was passed on',
  'half-open deaths',
  'half-open predecessors replaced',
  'holds or timeouts',
  'informs',
  'invitations',
  'names passed on by crash',
  'names passed on by drop',
  'names passed on by halfOpen',
  'names passed on by stop',
  'origin requests aborted',
  'proofs with an older secret',
  'reconnects',
  'refusals held back',
  'refused duplicate_agent',
  'relays complete',
  'relays cut',
  'relays failed',
  'relays left',
  'request bodies whole',
  'resends',
  'stale connections',
  'strangers refused',
  'streams revoked',
  'upgrades whole',
];

test(
  'every invariant holds in many small worlds, and the worlds are not vacuous',
  { timeout: 120_000 },
  () => {
    const totals = new Map<string, number>();
    const broken: WorldReport[] = [];
    for (let seed = 0; seed < WORLDS; seed += 1) {
      const report = runWorld(seed);
      if (report.violation !== null) broken.push(report);
      for (const [name, count] of report.counters) totals.set(name, (totals.get(name) ?? 0) + count);
    }
    expect(broken.map(({ seed, violation }) => ({ seed, ...violation }))).toEqual([]);
    expect(COVERED.filter((name) => !totals.get(name))).toEqual([]);
  },
);

test('the same seed tells the same story, whatever ran in the process before', () => {
  for (const seed of [3, 71, 404]) {
    const first = runWorld(seed);
    runWorld(seed + 1);
    expect(runWorld(seed).hash).toBe(first.hash);
  }
});

test('different seeds tell different stories', () => {
  expect(new Set([1, 2, 3, 4, 5].map((seed) => runWorld(seed).hash)).size).toBe(5);
});

test('every bug that is planted to try the simulation can still be planted', () => {
  for (const bug of BUGS) {
    const source = readFileSync(fileURLToPath(new URL(`../../${bug.file}`, import.meta.url)), 'utf8');
    expect(plant(bug, source)).not.toBe(source);
  }
});
