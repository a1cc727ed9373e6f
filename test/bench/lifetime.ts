// A tunnel that proves itself again and again, and changes its secret, while streams run through it.

import { setTimeout as delay } from 'node:timers/promises';
import { download, echo, startLoad, type Target } from '../support/load.ts';
import { SECRET, until } from '../support/rig.ts';
import type { Stage } from './stage.ts';
import {
  createAgent,
  createGateway,
  fullStatusOf,
  onlineAfter,
  tunnelStateOf,
  urlOf,
  type StandingGateway,
} from './standing.ts';
import { startOrigin } from './standingPair.ts';
import { check, checkWithin, inSeconds, note, percentile } from './verdict.ts';

const NAME = 'lifetime.localhost';
const NEW_SECRET = 'the secret that comes after, long enough too';

/** A session is asked to renew itself at two thirds of this. */
const LIFETIME_MS = 6_000;
const RENEW_MS = (LIFETIME_MS * 2) / 3;

const BYTES = 1024 ** 3;
const ECHO_MS = 20;

/** What a renewal may add to the usual gap between two echoes. Raised: a hiccup of each renewal passes unseen. */
const HICCUP_MS = 100;

/** Fewer renewals are too few for a median. */
const ENOUGH_TO_COMPARE = 10;

/** No gap may be longer, whatever else the machine does. */
const LONGEST_GAP_MS = 3_000;

export async function lifetime(stage: Stage, { rounds = 20 }: { rounds?: number }): Promise<void> {
  const origin = await startOrigin(stage);
  const gateway = await createGateway(stage, { env: { OCTOPORTY_SESSION_LIFETIME: `${LIFETIME_MS}ms` } });
  const agent = await createAgent(stage, {
    gatewayUrl: urlOf(gateway),
    maps: [`${NAME}=http://127.0.0.1:${origin.port}`],
  });
  const target: Target = { port: gateway.port, name: NAME };
  gateway.service.start();
  agent.service.start();
  await onlineAfter(agent, target);

  await renewals(gateway, target, rounds);

  note('rotation: the gateway accepts both secrets, the agent has the old one');
  const both = { OCTOPORTY_AUTH_SECRET: NEW_SECRET, OCTOPORTY_AUTH_SECRET_PREVIOUS: SECRET };
  await gateway.service.end('SIGTERM');
  gateway.service.start(both);
  checkWithin('online with the old secret', [await onlineAfter(agent, target)], 5_000);
  await renewals(gateway, target, 3);

  note('rotation: the agent has the new secret');
  await agent.service.end('SIGTERM');
  agent.service.start({ OCTOPORTY_AUTH_SECRET: NEW_SECRET });
  checkWithin('online with the new secret', [await onlineAfter(agent, target)], 5_000);
  await renewals(gateway, target, 3);

  note('rotation: the gateway forgets the old secret');
  await gateway.service.end('SIGTERM');
  gateway.service.start({ OCTOPORTY_AUTH_SECRET: NEW_SECRET });
  checkWithin('online with the only secret', [await onlineAfter(agent, target)], 5_000);
  await agent.service.end('SIGTERM');
  agent.service.start();
  await until('the old secret is refused', async () => (await tunnelStateOf(agent)) === 'rejected').catch(
    () => {},
  );
  check('an agent with the old secret is now rejected', (await tunnelStateOf(agent)) === 'rejected');
}

/** So many renewals under a paced 1 GB download (a share of it for few renewals), a WebSocket and a mix. */
async function renewals(gateway: StandingGateway, target: Target, count: number): Promise<void> {
  const needMs = (count + 1) * RENEW_MS;
  const bytesPerSecond = Math.ceil(BYTES / (21 * (RENEW_MS / 1_000)));
  const bytes = Math.min(BYTES, Math.ceil((bytesPerSecond * needMs) / 1_000));
  const seen = new Map<string, number>();
  const echoes: number[] = [];
  const startMs = performance.now();
  const load = startLoad({
    target,
    lanes: { small: 2, upload: 1, events: 1 },
    bulkBytes: 1_000_000,
    restMs: 50,
  });
  const streams = Promise.all([
    download(target, bytes, { bytesPerSecond }),
    echo(target, ECHO_MS, () => {
      echoes.push(Date.now());
      return performance.now() - startMs > needMs;
    }),
  ]);
  const ended = new AbortController();
  void streams.then(() => {
    ended.abort();
  });
  const sessions = new Set<string>();
  while (!ended.signal.aborted || (seen.size < count && performance.now() - startMs < needMs * 2)) {
    for (const { id, transitions } of (await fullStatusOf(gateway)).machines) {
      if (!/^session\.\d+$/.test(id)) continue;
      sessions.add(id);
      for (const { to, at } of transitions)
        if (to.includes('renewing')) seen.set(`${id} ${at}`, Date.parse(at));
    }
    await delay(500);
  }
  const [bulk, socket] = await streams;
  await load.stop();
  check(`${seen.size} renewals in place, at least ${count}`, seen.size >= count);
  check(`one session all the while (${[...sessions].join(' ')})`, sessions.size === 1);
  check(`${(bytes / 1e6).toFixed(0)} MB came through them, every byte in its place: ${bulk}`, bulk === 'ok');
  check(`a WebSocket lived through them, ${echoes.length} echoes: ${socket}`, socket === 'ok');
  checkGaps(echoes, [...seen.values()]);
  check(`beside: ${load.counts.toString()}`, load.counts.total((outcome) => outcome !== 'ok') === 0);
  note(`in ${inSeconds(performance.now() - startMs)}`);
}

/**
 * A renewal that disturbs would show in the gaps between echoes into which renewals fell. Any moment rather falls into a
 * long gap than into a short one, so they are compared with those into which the moments halfway between renewals fell.
 */
function checkGaps(echoes: readonly number[], renewed: readonly number[]): void {
  const gaps = echoes.slice(1).map((toMs, n) => ({ fromMs: echoes[n] ?? toMs, toMs }));
  const lengthsAt = (moments: readonly number[]) =>
    gaps
      .filter(({ fromMs, toMs }) => moments.some((at) => at >= fromMs && at <= toMs))
      .map(({ fromMs, toMs }) => toMs - fromMs);
  const met = lengthsAt(renewed);
  const between = lengthsAt(renewed.map((at) => at + RENEW_MS / 2));
  const longest = Math.max(...gaps.map(({ fromMs, toMs }) => toMs - fromMs));
  const says = (some: readonly number[]) => `median ${percentile(some, 0.5)} ms`;
  check(`longest gap between echoes ${longest} ms`, longest < LONGEST_GAP_MS);
  const figures = `gaps with a renewal: ${says(met)}; with the moments between: ${says(between)}`;
  if (met.length < ENOUGH_TO_COMPARE) note(figures);
  else check(figures, percentile(met, 0.5) <= percentile(between, 0.5) + HICCUP_MS);
}
