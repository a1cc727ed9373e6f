// The web server in front of the gateway, as far as the gateway tells of it.

import type { MachineView } from '../../../protocol/api/machines.ts';
import { sayCount } from '../../format/amounts.ts';
import type { Link, MappingRoute, Recent, Situation, Trouble } from './chain.ts';
import { named } from './named.ts';

const TRYING_AGAIN =
  'Check that Caddy runs and that OCTOPORTY_CADDY_ADMIN_URL leads to its admin API. The gateway tries again by itself.';

/** The states of a reconciler that is about to know more: how the last one ended still holds. */
const ON_ITS_WAY = ['looking', 'writing'];

export function caddyLink({ machines, routes, recent, isOnline, tunnelSince }: Situation): Link {
  const link = { key: 'caddy', name: 'Caddy', since: null, figure: null, trouble: null } as const;
  if (!isOnline) return { ...link, tone: 'off', label: 'Not known' };
  const reconciler = machines.find(({ machine, place }) => machine === 'reconciler' && place === 'gateway');
  if (reconciler === undefined) return { ...link, tone: 'off', label: 'Not used' };

  const wanted = routes.filter(({ state, error }) => state !== 'disabled' && !isOfGateway(error?.code));
  const live = wanted.filter(({ state }) => state === 'active');
  const figure = { value: `${live.length}/${wanted.length}`, unit: 'routes live' };
  const failingSince = failingSinceOf(reconciler);
  if (failingSince !== null)
    return {
      ...link,
      tone: 'bad',
      label: 'Failing',
      since: failingSince,
      figure,
      trouble: failureOf(wanted),
    };
  const trouble = conflictOf(wanted, recent.names) ?? certificateTroubleOf(wanted, recent.names);
  if (trouble !== null) return { ...link, tone: 'warn', label: 'Incomplete', figure, trouble };
  if (live.length < wanted.length) return { ...link, tone: 'busy', label: 'Changing', figure };
  return { ...link, tone: 'ok', label: 'Serving', since: tunnelSince, figure };
}

/** Since when it fails; null when it does not. */
function failingSinceOf({ state, since, transitions }: MachineView): string | null {
  let at: string | null = state === 'resting' ? since : null;
  if (at === null && !ON_ITS_WAY.includes(state)) return null;
  for (const move of transitions.toReversed()) {
    if (move.to === 'resting') at = move.at;
    if (move.from !== 'resting' && !ON_ITS_WAY.includes(move.from)) break;
  }
  return at;
}

function failureOf(routes: readonly MappingRoute[]): Trouble {
  const told = routes.find(({ error }) => error?.code === 'route_failed')?.error;
  return {
    says: told?.message ?? 'The gateway cannot bring its routes into Caddy.',
    advice: TRYING_AGAIN,
    to: '/machines?machine=gateway:reconciler',
  };
}

function conflictOf(routes: readonly MappingRoute[], names: Recent['names']): Trouble | null {
  const inConflict = routes.filter(({ error }) => error?.code === 'route_conflict');
  const [first] = inConflict;
  if (first?.error === undefined) return null;
  return {
    says: said(inConflict.length, 'name has no route', named(names, first.id, first.error.message)),
    advice: 'Remove that route from Caddy, or publish under another name.',
    to: '/mappings',
  };
}

function certificateTroubleOf(routes: readonly MappingRoute[], names: Recent['names']): Trouble | null {
  const failed = routes.filter(({ certificate }) => certificate?.state === 'failed');
  const [first] = failed;
  if (first === undefined) return null;
  const reason = first.certificate?.reason ?? 'The web server could not get its certificate.';
  return {
    says: said(failed.length, 'name has no certificate', named(names, first.id, reason)),
    advice: '',
    to: '/mappings',
  };
}

/** Of several the first stands for all. */
function said(count: number, what: string, first: string): string {
  return count === 1 ? first : `${sayCount(count)} ${what.replace('name has', 'names have')}. ${first}`;
}

/** Refused before Caddy was asked: the gateway's own link tells of it. */
function isOfGateway(code: string | undefined): boolean {
  return code !== undefined && !code.startsWith('route_');
}
