// Works out how each desired route stands, from what a look at Caddy saw and what has failed since.

import type { CaddyPlan } from './caddyPlan.ts';
import { listenPortOf, routesIn, type PlanInput } from './caddyPlan.ts';
import { recordIn } from './caddyServers.ts';
import { PENDING, type DesiredRoute, type ListenPorts, type RouteStanding } from './routeBook.ts';

/** What a look at Caddy saw of our routes. */
export interface Sight {
  /** Names that Caddy has from us. */
  readonly present: ReadonlySet<string>;
  /** Names that it cannot have, each with the reason. */
  readonly conflicts: ReadonlyMap<string, string>;
  /** The reason why the gateway's own host has no route of ours; null: it has, or will have. */
  readonly ownConflict: string | null;
  /** Of the external ports that routes are desired for, and of 443, where the gateway has its own. */
  readonly listenPorts: ListenPorts;
}

export type Standings = readonly (readonly [DesiredRoute, RouteStanding])[];

/** `plan` was made for this input. */
export function sightOf(
  { config, routes, portMap }: Pick<PlanInput, 'config' | 'routes' | 'portMap'>,
  { conflicts }: Pick<CaddyPlan, 'conflicts'>,
): Sight {
  const http = recordIn(recordIn(config, 'apps'), 'http');
  const ports = new Set([443, ...routes.map(({ port }) => port)]);
  const reasons = conflicts.flatMap(({ route, reason }) =>
    route === null ? [] : [[nameOf(route), reason] as const],
  );
  return {
    present: new Set(routesIn(config).map(nameOf)),
    conflicts: new Map(reasons),
    ownConflict: conflicts.find(({ route }) => route === null)?.reason ?? null,
    listenPorts: new Map([...ports].map((port) => [port, listenPortOf(port, portMap, http)])),
  };
}

/** `sight` is null while Caddy cannot be looked at; `failure` says what is wrong, null: nothing is. */
export function standingsOf(
  desired: readonly DesiredRoute[],
  sight: Sight | null,
  failure: string | null,
): Standings {
  const otherwise: RouteStanding = failure === null ? PENDING : { state: 'failed', reason: failure };
  return desired.map((route) => [route, seenStanding(route, sight) ?? otherwise]);
}

function seenStanding(route: DesiredRoute, sight: Sight | null): RouteStanding | null {
  const name = nameOf(route);
  const conflict = sight?.conflicts.get(name);
  if (conflict !== undefined) return { state: 'conflict', reason: conflict };
  return sight?.present.has(name) === true ? { state: 'applied', reason: '' } : null;
}

/** Its mapping's id is not asked for: Caddy does not keep it. */
function nameOf({ owner, domain, port }: DesiredRoute): string {
  return `${owner} ${domain}:${port}`;
}
