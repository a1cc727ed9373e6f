// The chain from visitors to origins: how each link stands, and of a broken one what is wrong and what to do.

import type { MachineView } from '../../../protocol/api/machines.ts';
import type { Route } from '../../../protocol/api/mappings.ts';
import type { Status } from '../../../protocol/api/status.ts';
import { sayCount } from '../../format/amounts.ts';
import { isOnline } from '../../words/connectionWords.ts';
import type { Tone } from '../../words/tones.ts';
import { agentLink } from './agentLink.ts';
import { caddyLink } from './caddyLink.ts';
import { onceFor } from './onceFor.ts';
import { originsLink } from './originsLink.ts';
import type { Traffic } from './traffic.ts';
import type { Trouble } from './troubles.ts';
import { gatewayLink, tunnelLink } from './tunnelLinks.ts';

export interface Link {
  readonly key: 'visitors' | 'caddy' | 'gateway' | 'tunnel' | 'agent' | 'origins';
  readonly name: string;
  readonly tone: Tone;
  readonly label: string;
  /** Since when it is so; null when nobody knows. */
  readonly since: string | null;
  /** The one number that matters; null when it has none now. */
  readonly figure: { readonly value: string; readonly unit: string } | null;
  /** Null while it is as it should be. */
  readonly trouble: Trouble | null;
}

export interface Recent extends Traffic {
  /** When the agent was started; null when that is not known. */
  readonly startedAt: string | null;
  /** When the tunnel was last online, by the connection log; null when it never was, or is now. */
  readonly lastOnlineAt: string | null;
}

/** By mapping id. */
export type Routes = ReadonlyMap<string, Route>;

export type MappingRoute = Route & { readonly id: string };

export interface Situation {
  readonly status: Status;
  readonly machines: readonly MachineView[];
  readonly routes: readonly MappingRoute[];
  readonly recent: Recent;
  readonly isOnline: boolean;
  /** Since when the tunnel is online, or not. */
  readonly tunnelSince: string | null;
}

/** In the order a request takes. */
export function chainOf(
  status: Status,
  machines: readonly MachineView[],
  routes: Routes,
  recent: Recent,
): Link[] {
  const isUp = isOnline(status.state);
  const situation: Situation = {
    status,
    machines,
    routes: listOf(routes),
    recent,
    isOnline: isUp,
    tunnelSince: isUp ? onlineSince(status, machines) : (offlineSince(machines) ?? recent.lastOnlineAt),
  };
  return [
    visitorsLink(situation),
    caddyLink(situation),
    gatewayLink(situation),
    tunnelLink(situation),
    agentLink(situation),
    originsLink(situation),
  ];
}

/** There may be thousands, and the chain is made anew with every request. */
const listOf = onceFor((routes: Routes): readonly MappingRoute[] =>
  [...routes].map(([id, route]) => ({ ...route, id })),
);

function visitorsLink({ recent, isOnline, routes, tunnelSince }: Situation): Link {
  const link = {
    key: 'visitors',
    name: 'Visitors',
    since: recent.lastAt,
    figure: null,
    trouble: null,
  } as const;
  // Why is told further down the chain.
  if (!isOnline) return { ...link, tone: 'warn', label: 'Turned away', since: tunnelSince };
  if (routes.length === 0) return { ...link, tone: 'off', label: 'None yet' };
  const figure = { value: sayRate(recent.perSecond), unit: 'requests/s' };
  return recent.perSecond > 0
    ? { ...link, tone: 'ok', label: 'Arriving', figure }
    : { ...link, tone: 'off', label: 'Quiet', figure };
}

function onlineSince(status: Status, machines: readonly MachineView[]): string {
  const moves = connectionMoves(machines);
  return moves.findLast(({ from, to }) => isOnline(to) && !isOnline(from))?.at ?? status.since;
}

/** Null when it has been so for longer than its machine remembers. */
function offlineSince(machines: readonly MachineView[]): string | null {
  const moves = connectionMoves(machines);
  const lost = moves.findLast(({ from, to }) => isOnline(from) && !isOnline(to));
  const [first] = moves;
  // From its very start on it has not been online once.
  return lost?.at ?? (first?.from === 'offline' ? first.at : null);
}

function connectionMoves(machines: readonly MachineView[]): MachineView['transitions'] {
  return (
    machines.find(({ machine, place }) => machine === 'connection' && place === 'agent')?.transitions ?? []
  );
}

/** `0`, `0.02`, `3.4`, `1,234`. */
function sayRate(perSecond: number): string {
  if (perSecond === 0 || perSecond >= 9.95) return sayCount(Math.round(perSecond));
  return perSecond < 0.095 ? perSecond.toFixed(2) : perSecond.toFixed(1);
}
