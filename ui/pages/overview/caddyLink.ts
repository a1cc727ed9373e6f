// The web server in front of the gateway, as far as the gateway tells of it.

import type { MachineView } from '../../../protocol/api/machines.ts';
import { sayCount } from '../../format/amounts.ts';
import type { Link, MappingRoute, Situation } from './chain.ts';
import { onceFor } from './onceFor.ts';
import type { Trouble } from './troubles.ts';

const TRYING_AGAIN =
  'Check that Caddy runs and that OCTOPORTY_CADDY_ADMIN_URL leads to its admin API. The gateway tries again by itself.';

/** The states of a reconciler that is about to know more: how the last one ended still holds. */
const ON_ITS_WAY = ['looking', 'writing'];

export function caddyLink({ machines, routes, isOnline, tunnelSince }: Situation): Link {
  const link = { key: 'caddy', name: 'Caddy', since: null, figure: null, trouble: null } as const;
  if (!isOnline) return { ...link, tone: 'off', label: 'Not known' };
  const reconciler = machines.find(({ machine, place }) => machine === 'reconciler' && place === 'gateway');
  if (reconciler === undefined) return { ...link, tone: 'off', label: 'Not used' };

  const { wanted, live, failure, hindrance, renewal } = standingOf(routes);
  const figure = { value: `${live}/${wanted}`, unit: 'routes live' };
  const failingSince = failingSinceOf(reconciler);
  if (failingSince !== null)
    return {
      ...link,
      tone: 'bad',
      label: 'Failing',
      since: failingSince,
      figure,
      trouble: failure,
    };
  if (hindrance !== null) return { ...link, tone: 'warn', label: 'Incomplete', figure, trouble: hindrance };
  if (live < wanted) return { ...link, tone: 'busy', label: 'Changing', figure };
  if (renewal !== null) return { ...link, tone: 'warn', label: 'Not renewed', figure, trouble: renewal };
  return { ...link, tone: 'ok', label: 'Serving', since: tunnelSince, figure };
}

/** What the routes say together. */
const standingOf = onceFor((routes: readonly MappingRoute[]) => {
  const wanted = routes.filter(({ state, error }) => state !== 'disabled' && !isOfGateway(error?.code));
  return {
    wanted: wanted.length,
    live: wanted.filter(({ state }) => state === 'active').length,
    failure: failureOf(wanted),
    hindrance: conflictOf(wanted) ?? certificateTroubleOf(wanted),
    renewal: renewalTroubleOf(wanted),
  };
});

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
    mappingId: null,
    intro: '',
    advice: TRYING_AGAIN,
    to: '/machines?machine=gateway:reconciler',
  };
}

function conflictOf(routes: readonly MappingRoute[]): Trouble | null {
  const inConflict = routes.filter(({ error }) => error?.code === 'route_conflict');
  const [first] = inConflict;
  if (first?.error === undefined) return null;
  return {
    says: first.error.message,
    mappingId: first.id,
    intro: introOf(inConflict.length, 'names have no route'),
    advice: 'Remove that route from Caddy, or publish under another name.',
    to: '/mappings',
  };
}

function certificateTroubleOf(routes: readonly MappingRoute[]): Trouble | null {
  const failed = routes.filter(({ certificate }) => certificate?.state === 'failed');
  const [first] = failed;
  if (first === undefined) return null;
  return {
    says: first.certificate?.reason ?? 'The web server could not get its certificate.',
    mappingId: first.id,
    intro: introOf(failed.length, 'names have no certificate'),
    advice: '',
    to: '/mappings',
  };
}

/** Served still, until the certificate has ended. */
function renewalTroubleOf(routes: readonly MappingRoute[]): Trouble | null {
  const stale = routes.filter(
    ({ certificate }) => certificate?.state === 'issued' && certificate.reason !== undefined,
  );
  const [first] = stale;
  if (first?.certificate?.reason === undefined) return null;
  return {
    says: first.certificate.reason,
    mappingId: first.id,
    intro: introOf(stale.length, 'certificates are not renewed'),
    advice: '',
    to: '/mappings',
  };
}

/** Of several the first stands for all. */
function introOf(count: number, what: string): string {
  return count === 1 ? '' : `${sayCount(count)} ${what}. `;
}

/** Refused before Caddy was asked: the gateway's own link tells of it. */
function isOfGateway(code: string | undefined): boolean {
  return code !== undefined && !code.startsWith('route_');
}
