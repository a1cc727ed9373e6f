// Graceful restarts of agent and gateway under a steady rate of safe requests: none is lost.

import { setTimeout as delay } from 'node:timers/promises';
import { startSteadyLoad, type Sample } from '../support/steadyLoad.ts';
import type { Stage } from './stage.ts';
import { onlineAfter } from './standing.ts';
import { startOrigin, startPair } from './standingPair.ts';
import { check, checkWithin, note, percentile } from './verdict.ts';

export interface RestartsOptions {
  readonly rounds?: number;
  readonly rate?: number;
  /** Public names the rate is spread over: the gateway holds at most 100 requests for each, and each for 5 s. */
  readonly names?: number;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export async function restarts(
  stage: Stage,
  { rounds = 20, rate = 200, names = 10 }: RestartsOptions,
): Promise<void> {
  const origin = await startOrigin(stage);
  const hosts = Array.from({ length: names }, (_, n) => `restarts-${n}.localhost`);
  const maps = hosts.map((host) => `${host}=http://127.0.0.1:${origin.port}`);
  const { gateway, agent } = await startPair(stage, { maps });
  const targets = hosts.map((name) => ({ port: gateway.port, name }));
  const [target] = targets;
  if (target === undefined) throw new Error('no public name');
  await onlineAfter(agent, target);

  for (const service of [agent.service, gateway.service]) {
    const load = startSteadyLoad(targets, rate);
    await delay(1_000);
    const spans: Span[] = [];
    const away: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      await delay(Math.random() * 500);
      const fromMs = performance.now();
      const code = await service.end('SIGTERM');
      if (code !== 0) check(`${service.name} ended with ${code}, not 0`, false);
      const goneMs = performance.now();
      service.start();
      away.push(await onlineAfter(agent, target));
      spans.push({ fromMs, toMs: performance.now() });
      note(
        `${service.name} ${round}: ended in ${Math.round(goneMs - fromMs)} ms, online ${Math.round(away.at(-1) ?? 0)} ms after its start; ${load.counts.toString()}`,
      );
      await delay(500);
    }
    await load.stop();
    checkWithin(`online after ${service.name} was restarted`, away, 5_000);
    const failed = load.counts.total((outcome) => outcome !== 'ok');
    check(
      `${service.name}: ${load.samples.length} requests at ${rate}/s over ${names} names, ${rounds} restarts: ${failed} failed`,
      failed === 0,
    );
    if (failed > 0) note(load.counts.toString());
    const unanswered = load.samples.reduce((sum, sample) => sum + sample.unanswered, 0);
    note(`${unanswered} connections ended unanswered as the port closed, and were tried again as Caddy does`);
    sayLatencies(load.samples, spans);
  }
}

/** Latencies of the requests that were under way during a restart, and of all others. */
function sayLatencies(samples: readonly Sample[], spans: readonly Span[]): void {
  const took = (some: readonly Sample[]) => some.map(({ startMs, endMs }) => endMs - startMs);
  const met = samples.filter(({ startMs, endMs }) =>
    spans.some(({ fromMs, toMs }) => startMs < toMs && endMs > fromMs),
  );
  const rest = samples.filter((sample) => !met.includes(sample));
  for (const [what, some] of [
    ['that met a restart', met],
    ['beside', rest],
  ] as const) {
    const ms = took(some);
    note(
      `${some.length} requests ${what}: p50 ${percentile(ms, 0.5).toFixed(1)} ms, p99 ${percentile(ms, 0.99).toFixed(1)} ms, max ${Math.max(...ms).toFixed(1)} ms`,
    );
  }
}
