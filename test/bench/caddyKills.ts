// Caddy killed under load, again and again, and started with nothing of ours: how long until it serves our names.

import { setTimeout as delay } from 'node:timers/promises';
import { get, until } from '../support/rig.ts';
import { startSteadyLoad } from '../support/steadyLoad.ts';
import { draftOf, startCaddyWorld, untilApplied } from './caddyWorld.ts';
import type { Stage } from './stage.ts';
import { startOrigin } from './standingPair.ts';
import { check, checkWithin, note } from './verdict.ts';

const ROUNDS = 20;
const RETURN_MS = 5_000;

const NAME = 'killed.example';
const PER_SECOND = 100;

/** Killed at any moment of this time after it has served again: the gateway looks at it every three seconds. */
const ROUND_MS = 3_000;

/** Caddy is away for some of this time. */
const AWAY_MS = 2_000;

export async function caddyKills(stage: Stage, { rounds = ROUNDS }: { rounds?: number } = {}): Promise<void> {
  const origin = await startOrigin(stage);
  const world = await startCaddyWorld(stage);
  const { api, caddy, gateway, ports } = world;
  await api.create(draftOf(NAME, origin.port, 443));
  await api.create(draftOf(NAME, origin.port, 80));
  await untilApplied(gateway, 2);
  await until('both ports serve', isServed);

  const load = startSteadyLoad([{ port: ports.http, name: NAME }], PER_SECOND);
  stage.atEnd(() => load.stop());
  const took: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await delay(Math.random() * ROUND_MS);
    await caddy.kill('SIGKILL');
    await delay(Math.random() * AWAY_MS);
    await caddy.start();
    const backMs = performance.now();
    await until('both ports serve again', isServed, 2 * RETURN_MS);
    took.push(performance.now() - backMs);
  }
  await load.stop();
  checkWithin('served after the return of its admin API', took, RETURN_MS);
  note(`answers meanwhile: ${load.counts.toString()}`);
  check(`${load.counts.forbidden} answers that are not the origin’s, or hang`, load.counts.forbidden === 0);

  async function isServed(): Promise<boolean> {
    const path = '/small/1';
    const plain = await get(ports.http, NAME, path).catch(() => null);
    if (plain?.status !== 200) return false;
    const encrypted = await world
      .visitor()
      .get(NAME, path)
      .catch(() => null);
    return encrypted?.status === 200;
  }
}
