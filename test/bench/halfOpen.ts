// A network that turns half-open: packets vanish and nobody is told. Both sides notice, and are back soon after the return.

import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../support/rig.ts';
import { createLink, type End, type Link } from './namespaces.ts';
import type { Stage } from './stage.ts';
import {
  createAgent,
  createGateway,
  isAgentOnline,
  onlineAfter,
  tunnelsOf,
  tunnelStateOf,
  type StandingAgent,
  type StandingGateway,
} from './standing.ts';
import { startOrigin } from './standingPair.ts';
import { check, checkWithin, inSeconds, note } from './verdict.ts';

const NAME = 'half-open.localhost';

/** Rounds in which the agent comes back with another address. */
const MOVES = 3;

export interface HalfOpenOptions {
  readonly rounds?: number;
  /** How long the link is down. */
  readonly seconds?: number;
}

interface Scene {
  readonly link: Link;
  readonly gateway: StandingGateway;
  readonly agent: StandingAgent;
  readonly seconds: number;
}

interface Round {
  readonly gatewayNoticedMs: number;
  readonly agentNoticedMs: number;
  readonly onlineMs: number;
}

/** Longer than any noticing may take; a side that has not noticed by then never does while the link is down. */
const NEVER_MS = Infinity;

export async function halfOpen(stage: Stage, options: HalfOpenOptions): Promise<void> {
  const { rounds = 10, seconds = 20 } = options;
  if (process.getuid?.() !== 0) {
    check('half-open needs root, for its network namespaces', false);
    return;
  }
  const link = await createLink(stage);
  const origin = await startOrigin(stage, 'origin', link.ourAddress.agent);
  const gateway = await createGateway(stage, {
    address: link.watchAddress.gateway,
    prefix: link.prefix.gateway,
  });
  const agent = await createAgent(stage, {
    address: link.watchAddress.agent,
    prefix: link.prefix.agent,
    gatewayUrl: `ws://${link.gatewayAddress}:${gateway.port}/tunnel`,
    maps: [`${NAME}=http://${link.ourAddress.agent}:${origin.port}`],
    env: { OCTOPORTY_ALLOW_INSECURE: 'true' },
  });
  const scene = { link, gateway, agent, seconds };
  gateway.service.start();
  agent.service.start();
  await onlineAfter(agent, { address: gateway.address, port: gateway.port, name: NAME });

  const results: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const end = round % 2 === 1 ? 'gateway' : 'agent';
    results.push(await cutOnce(scene, end, `round ${round}, the ${end}'s end down`));
  }
  report('the network returns', results);

  const moves: Round[] = [];
  for (let move = 1; move <= Math.min(MOVES, rounds); move += 1) {
    moves.push(
      await cutOnce(scene, 'agent', `move ${move}`, () => {
        link.changeAgentAddress();
      }),
    );
  }
  report('the agent returns with another address', moves);
}

async function cutOnce(
  { link, gateway, agent, seconds }: Scene,
  end: End,
  what: string,
  meanwhile: () => void = () => {},
): Promise<Round> {
  // A moment apart from the last heartbeat that differs from round to round.
  await delay(1_000 + Math.random() * 3_000);
  link.cut(end);
  const cutMs = performance.now();
  const noticed = { gateway: NEVER_MS, agent: NEVER_MS };
  const returnMs = cutMs + seconds * 1_000;
  while (performance.now() < returnMs) {
    const [tunnels, isOnline, state] = await Promise.all([
      tunnelsOf(gateway),
      isAgentOnline(agent),
      tunnelStateOf(agent),
    ]);
    const sinceMs = performance.now() - cutMs;
    if (tunnels === 0) noticed.gateway = Math.min(noticed.gateway, sinceMs);
    if (!isOnline && state !== null) noticed.agent = Math.min(noticed.agent, sinceMs);
    await delay(50);
  }
  meanwhile();
  link.mend(end);
  const mendedMs = performance.now();
  const target = { address: gateway.address, port: gateway.port, name: NAME };
  await onlineAfter(agent, target);
  await until('the gateway counts the tunnel', async () => ((await tunnelsOf(gateway)) ?? 0) >= 1);
  const onlineMs = performance.now() - mendedMs;
  note(
    `${what}: the gateway noticed after ${inSeconds(noticed.gateway)}, the agent after ${inSeconds(noticed.agent)}; online ${inSeconds(onlineMs)} after the return`,
  );
  return { gatewayNoticedMs: noticed.gateway, agentNoticedMs: noticed.agent, onlineMs };
}

function report(what: string, rounds: readonly Round[]): void {
  checkWithin(
    `${what}: noticed by the gateway`,
    rounds.map(({ gatewayNoticedMs }) => gatewayNoticedMs),
    15_000,
  );
  checkWithin(
    `${what}: noticed by the agent`,
    rounds.map(({ agentNoticedMs }) => agentNoticedMs),
    15_000,
  );
  checkWithin(
    `${what}: online`,
    rounds.map(({ onlineMs }) => onlineMs),
    5_000,
  );
}
