// Two network namespaces joined by a veth pair, each also reachable from here, so that a proof can watch both ends of a cut.

import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from './stage.ts';

/** Addresses for benchmarks (RFC 2544): no network in use has them. */
const LINK = '198.18.70';
const WATCH = { gateway: '198.18.71', agent: '198.18.72' };

export type End = 'gateway' | 'agent';

export interface Link {
  /** Runs a command inside an end's namespace. */
  readonly prefix: Readonly<Record<End, readonly string[]>>;
  /** Where we ask a service at that end, whatever the link does. */
  readonly watchAddress: Readonly<Record<End, string>>;
  /** Where that end reaches our own listeners. */
  readonly ourAddress: Readonly<Record<End, string>>;
  /** The gateway's address on the link. */
  readonly gatewayAddress: string;
  /** One end's device goes down: what the other end sends vanishes, and nobody is told. */
  cut(end: End): void;
  mend(end: End): void;
  /** The agent's end has another address from now on; the old one is gone. */
  changeAgentAddress(): void;
}

export async function createLink(stage: Stage): Promise<Link> {
  const id = process.pid.toString(36);
  const spaces = { gateway: `octoporty-g-${id}`, agent: `octoporty-a-${id}` };
  const devices = { gateway: `opg${id}`, agent: `opa${id}` };
  let agentHost = 2;

  for (const end of ['gateway', 'agent'] as const) {
    ip(`netns add ${spaces[end]}`);
    stage.atEnd(async () => {
      // Its veths go with the namespace, and their peers here with them.
      ip(`netns del ${spaces[end]}`);
      await delay(0);
    });
  }
  ip(
    `link add ${devices.gateway} netns ${spaces.gateway} type veth peer name ${devices.agent} netns ${spaces.agent}`,
  );
  for (const end of ['gateway', 'agent'] as const) {
    const ours = `opw${end[0]}${id}`;
    inside(end, `addr add ${linkAddress(end)}/24 dev ${devices[end]}`);
    inside(end, `link set ${devices[end]} up`);
    inside(end, 'link set lo up');
    ip(`link add ${ours} type veth peer name watch netns ${spaces[end]}`);
    stage.atEnd(() => {
      ip(`link del ${ours}`);
    });
    ip(`addr add ${WATCH[end]}.1/30 dev ${ours}`);
    ip(`link set ${ours} up`);
    inside(end, `addr add ${WATCH[end]}.2/30 dev watch`);
    inside(end, 'link set watch up');
  }

  function linkAddress(end: End): string {
    return `${LINK}.${end === 'gateway' ? 1 : agentHost}`;
  }
  function inside(end: End, command: string): void {
    ip(`-n ${spaces[end]} ${command}`);
  }
  const prefixOf = (end: End) => ['ip', 'netns', 'exec', spaces[end]];

  return {
    prefix: { gateway: prefixOf('gateway'), agent: prefixOf('agent') },
    watchAddress: { gateway: `${WATCH.gateway}.2`, agent: `${WATCH.agent}.2` },
    ourAddress: { gateway: `${WATCH.gateway}.1`, agent: `${WATCH.agent}.1` },
    gatewayAddress: `${LINK}.1`,
    cut(end) {
      inside(end, `link set ${devices[end]} down`);
    },
    mend(end) {
      inside(end, `link set ${devices[end]} up`);
    },
    changeAgentAddress() {
      inside('agent', `addr del ${linkAddress('agent')}/24 dev ${devices.agent}`);
      agentHost += 1;
      inside('agent', `addr add ${linkAddress('agent')}/24 dev ${devices.agent}`);
    },
  };
}

function ip(command: string): void {
  execFileSync('ip', command.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });
}
