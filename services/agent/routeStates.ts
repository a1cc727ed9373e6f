// How each mapping stands with the gateway: what it confirmed, refused, or has not heard of yet, and what its Caddy serves.

import type { Clock } from '../../machines/clock.ts';
import type { Refusal } from '../../machines/configSync.ts';
import type { ToldRoutes } from '../../machines/toldRoutes.ts';
import type { ToldCertificate, ToldRoute } from '../../protocol/control.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { Mapping } from '../../protocol/mapping.ts';
import type { Certificate, Route } from '../../protocol/api/mappings.ts';
import { instantOf } from '../../protocol/api/values.ts';
import { describeError } from '../../protocol/errors.ts';
import type { Mappings } from './mappings.ts';
import { isOnlineState, type Uplink, type UplinkStatus } from './uplink.ts';

export interface RouteStates {
  routeOf(mapping: Mapping): Route;
  stop(): void;
}

interface Applied {
  readonly edition: number;
  readonly atMs: number;
}

/** Follows what the gateway confirms, to know since when each mapping is served as it is now. */
export function createRouteStates(
  mappings: Mappings,
  uplink: Pick<Uplink, 'status' | 'status$'>,
  clock: Clock,
): RouteStates {
  const applied = new Map<string, Applied>();
  let noted: UplinkStatus | null = null;

  const refusalsIn = createRefusalIndex();

  const following = uplink.status$.subscribe((status) => {
    // Before that it is not known whether this gateway has routes to tell of.
    if (!isOnlineState(status.state) || status.config.ackedRevision === null) return;
    if (noted !== null && isSameVerdict(noted, status)) return;
    noted = status;
    noteApplied(status.config.ackedRevision, refusalsIn(status.config.errors), status.routes);
  });

  function noteApplied(
    ackedRevision: number,
    refused: ReadonlyMap<string, Refusal>,
    routes: ToldRoutes,
  ): void {
    const atMs = clock.wallMs();
    for (const { id, enabled } of mappings.view.mappings.values()) {
      const edition = mappings.editionOf(id);
      const { state } = standingIn(routes, id);
      if (!enabled || refused.has(id) || state === 'conflict' || state === 'failed') applied.delete(id);
      // One that is pending again without an edit keeps its time: the gateway only looks anew whether it is there.
      else if (state === 'applied' && edition <= ackedRevision && applied.get(id)?.edition !== edition)
        applied.set(id, { edition, atMs });
    }
    for (const id of applied.keys()) if (!mappings.view.mappings.has(id)) applied.delete(id);
  }

  return {
    routeOf({ id, enabled }) {
      if (!enabled) return { state: 'disabled' };
      const { state, config, routes } = uplink.status;
      if (!isOnlineState(state)) return { state: 'offline' };
      if (config.ackedRevision === null || mappings.editionOf(id) > config.ackedRevision)
        return { state: 'pending' };
      const refusal = refusalsIn(config.errors).get(id);
      if (refusal !== undefined) return refusedFor(refusal.code);
      const { state: routeState, reason, certificate } = standingIn(routes, id);
      if (routeState === 'pending') return { state: 'pending' };
      if (routeState !== 'applied') return refusedFor(`route_${routeState}`, reason);
      const at = applied.get(id);
      return {
        state: 'active',
        ...(at === undefined ? {} : { appliedAt: instantOf(at.atMs) }),
        ...(certificate === undefined ? {} : { certificate: shown(certificate) }),
      };
    },
    stop() {
      following.unsubscribe();
    },
  };
}

function isSameVerdict(one: UplinkStatus, other: UplinkStatus): boolean {
  return (
    one.config.ackedRevision === other.config.ackedRevision &&
    one.config.errors === other.config.errors &&
    one.routes === other.routes
  );
}

/** A gateway that tells of no routes serves what it has confirmed. */
function standingIn(routes: ToldRoutes, id: string): Omit<ToldRoute, 'id'> {
  if (routes === null) return { state: 'applied', reason: '' };
  return routes.get(id) ?? { state: 'pending', reason: '' };
}

function shown({ state, reason, expiresAtMs }: ToldCertificate): Certificate {
  return {
    state,
    ...(reason === '' ? {} : { reason }),
    ...(expiresAtMs === null ? {} : { expiresAt: instantOf(expiresAtMs) }),
  };
}

function refusedFor(code: ErrorCode, reason = ''): Route {
  return { state: 'refused', error: { code, message: reason === '' ? describeError(code).says : reason } };
}

/** Refusals by mapping, made once for each answer: thousands are asked about, and thousands may be refused. */
function createRefusalIndex(): (errors: readonly Refusal[]) => ReadonlyMap<string, Refusal> {
  let indexed: readonly Refusal[] = [];
  let byId: ReadonlyMap<string, Refusal> = new Map();
  return (errors) => {
    if (errors === indexed) return byId;
    indexed = errors;
    byId = new Map(errors.map((refusal) => [refusal.id, refusal]));
    return byId;
  };
}
