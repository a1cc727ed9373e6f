// What the overview knows in one situation or another, and how its chain looks then.

import { expect } from 'vitest';
import type { MachineView } from '../../../protocol/api/machines.ts';
import type { Route } from '../../../protocol/api/mappings.ts';
import type { Status } from '../../../protocol/api/status.ts';
import { chainOf, type Link, type Recent } from '../../../ui/pages/overview/chain.ts';
import { troublesIn, type Names } from '../../../ui/pages/overview/troubles.ts';
import { liveStatus } from '../../support/hubTells.ts';

export const ONE = '11111111-1111-4111-8111-111111111111';
export const OTHER = '22222222-2222-4222-8222-222222222222';

export interface Scene {
  status: Status;
  machines: MachineView[];
  routes: Map<string, Route>;
  recent: Recent;
}

export const NAMES: Names = new Map([
  [ONE, 'Photos'],
  [OTHER, null],
]);

export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 31, 12, 0, seconds)).toISOString();
}

export function machine(
  name: string,
  state: string,
  moves: [event: string, from: string, to: string, seconds: number][],
) {
  const place: MachineView['place'] = name === 'reconciler' ? 'gateway' : 'agent';
  const transitions = moves.map(([event, from, to, seconds]) => ({ event, from, to, at: at(seconds) }));
  return { id: name, place, machine: name, state, since: transitions.at(-1)?.at ?? at(0), transitions };
}

/** All is well, with a Caddy in front. */
export function well(): Scene {
  return {
    status: liveStatus({
      since: at(9),
      gateway: {
        url: 'wss://gateway.example.com/tunnel',
        version: '1.2.0',
        host: 'gateway.example.com',
        rttMs: 12,
      },
      config: { revision: 2, ackedRevision: 2, errors: [] },
      relays: 3,
      uptimeSeconds: 3600,
    }),
    machines: [
      machine('connection', 'online.lively', [['attempt.online', 'trying.syncing', 'online.lively', 9]]),
      machine('database', 'open.quiet', [['database.answered', 'starting.opening', 'open.quiet', 1]]),
      machine('reconciler', 'settled', [['look.right', 'looking', 'settled', 20]]),
    ],
    routes: new Map<string, Route>([
      [ONE, { state: 'active', appliedAt: at(10) }],
      [OTHER, { state: 'active', appliedAt: at(10) }],
    ]),
    recent: {
      perSecond: 2.5,
      count: 750,
      failed: 0,
      lastFailure: null,
      lastAt: at(59),
      lastOnlineAt: null,
      startedAt: at(0),
    },
  };
}

export function look({ status, machines, routes, recent }: Scene): Record<Link['key'], Link> {
  const chain = chainOf(status, machines, routes, recent);
  expect(chain.map(({ name }) => name)).toEqual([
    'Visitors',
    'Caddy',
    'Gateway',
    'Tunnel',
    'Agent',
    'Origins',
  ]);
  const [visitors, caddy, gateway, tunnel, agent, origins] = chain;
  if (!visitors || !caddy || !gateway || !tunnel || !agent || !origins) throw new Error('a link is missing');
  return { visitors, caddy, gateway, tunnel, agent, origins };
}

export function broken({ status, machines, routes, recent }: Scene): [string, string][] {
  const chain = chainOf(status, machines, routes, recent);
  return troublesIn(chain, NAMES).map(({ key, says }) => [key, says]);
}
