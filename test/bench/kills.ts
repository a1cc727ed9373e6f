// Gateway and agent killed again and again under mixed load: each comes back, no answer is wrong, nothing is left over.

import { setTimeout as delay } from 'node:timers/promises';
import { startLoad, type Target } from '../support/load.ts';
import { until } from '../support/rig.ts';
import type { ServiceProcess, Stage } from './stage.ts';
import { askText, fullStatusOf, onlineAfter, type StandingGateway } from './standing.ts';
import { startOrigin, startPair } from './standingPair.ts';
import { check, checkWithin, inMegabytes, note, percentile } from './verdict.ts';

const NAME = 'kills.localhost';
const LANES = { small: 8, download: 2, upload: 2, events: 2, socket: 4 };

/** The mix leaves processor for the start of a process, which is measured with it. */
const REST_MS = 20;

/** Idle connections to the origin are kept for a while, and streams of killed peers end by their own deadlines. */
const QUIET_MS = 40_000;

/** The gateway is killed while the agent lives through it all, then the other way round: a leak adds up in the survivor. */
export async function kills(stage: Stage, { rounds = 20 }: { rounds?: number }): Promise<void> {
  const origin = await startOrigin(stage);
  const { gateway, agent } = await startPair(stage, { maps: [`${NAME}=http://127.0.0.1:${origin.port}`] });
  const target: Target = { port: gateway.port, name: NAME };
  await onlineAfter(agent, target);
  const before = await remainsOf(gateway, agent.service);
  note(`before: ${describe(before)}`);

  const load = startLoad({ target, lanes: LANES, restMs: REST_MS });
  for (const victim of [gateway.service, agent.service]) {
    const durations: number[] = [];
    const boots: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      await delay(300 + Math.random() * 1_500);
      await victim.end('SIGKILL');
      await delay(Math.random() * 1_500);
      victim.start();
      const [bootMs, onlineMs] = await Promise.all([
        answersAfter(victim === gateway.service ? gateway.port : agent.uiPort),
        onlineAfter(agent, target),
      ]);
      boots.push(bootMs);
      durations.push(onlineMs);
    }
    note(
      `of which until ${victim.name} answered at all: median ${Math.round(percentile(boots, 0.5))} ms, longest ${Math.round(Math.max(...boots))} ms`,
    );
    checkWithin(`online after ${victim.name} was killed and started again`, durations, 5_000);
  }
  await load.stop();
  note(load.counts.toString());
  check(
    `${load.counts.total()} exchanges, ${load.counts.forbidden} wrong, misattributed or stuck`,
    load.counts.forbidden === 0,
  );

  const lost = load.counts.of('small', '502 tunnel_lost');
  check(
    `${lost} safe requests lost with a killed agent: they are sent again over the next tunnel`,
    lost === 0,
  );

  let after = await remainsOf(gateway, agent.service);
  await until(
    'it is as quiet as before',
    async () => isQuiet(before, (after = await remainsOf(gateway, agent.service))) && origin.openCount === 0,
    QUIET_MS,
  ).catch(() => {});
  note(`after:  ${describe(after)}`);
  check('no relay is left in the gateway', after.relays === 0);
  check('the gateway has the actors it had', after.machines === before.machines);
  check('the gateway has no more descriptors than before', after.gateway.count <= before.gateway.count);
  check('the agent has no more descriptors than before', after.agent.count <= before.agent.count);
  check('the origin has no open exchange', origin.openCount === 0);
}

/** Milliseconds until a process that was just started listens. */
async function answersAfter(port: number): Promise<number> {
  const startMs = performance.now();
  await until('it listens', async () => (await askText('127.0.0.1', port, '/health')) !== null, 30_000);
  return performance.now() - startMs;
}

type Remains = Awaited<ReturnType<typeof remainsOf>>;

/** What a service holds: descriptors, actors, relays, memory. */
async function remainsOf(gateway: StandingGateway, agent: ServiceProcess) {
  const { machines, relays } = await fullStatusOf(gateway);
  return {
    gateway: gateway.service.descriptors(),
    agent: agent.descriptors(),
    // Numbers differ from run to run: `session.7/heartbeat` is one heartbeat of one session.
    machines: machines
      .map(({ id }) => id.replaceAll(/\d+/g, 'n'))
      .sort()
      .join(' '),
    relays: relays.length,
    rss: `gateway ${inMegabytes(gateway.service.rssBytes)}, agent ${inMegabytes(agent.rssBytes)}`,
  };
}

function isQuiet(before: Remains, now: Remains): boolean {
  return (
    now.relays === 0 &&
    now.machines === before.machines &&
    now.gateway.count <= before.gateway.count &&
    now.agent.count <= before.agent.count
  );
}

function describe({ gateway, agent, machines, relays, rss }: Remains): string {
  const kinds = (each: Remains['agent']) => `${each.count} ${JSON.stringify(each.kinds)}`;
  return `descriptors gateway ${kinds(gateway)}, agent ${kinds(agent)}; actors ${machines}; relays ${relays}; RSS ${rss}`;
}
