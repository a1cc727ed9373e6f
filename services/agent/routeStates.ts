// How each mapping stands with the gateway: what it confirmed, refused, or has not heard of yet.

import type { Clock } from '../../machines/clock.ts';
import type { Refusal } from '../../machines/configSync.ts';
import type { Mapping } from '../../protocol/mapping.ts';
import type { Route } from '../../protocol/api/mappings.ts';
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
  let confirmed: UplinkStatus['config'] | null = null;

  const refusalsIn = createRefusalIndex();

  const following = uplink.status$.subscribe(({ config }) => {
    const { ackedRevision, errors } = config;
    if (ackedRevision === null) return;
    if (confirmed?.ackedRevision === ackedRevision && confirmed.errors === errors) return;
    confirmed = config;
    noteApplied(ackedRevision, refusalsIn(errors));
  });

  function noteApplied(ackedRevision: number, refused: ReadonlyMap<string, Refusal>): void {
    const atMs = clock.wallMs();
    for (const { id, enabled } of mappings.view.mappings.values()) {
      const edition = mappings.editionOf(id);
      if (!enabled || refused.has(id)) applied.delete(id);
      else if (edition <= ackedRevision && applied.get(id)?.edition !== edition)
        applied.set(id, { edition, atMs });
    }
    for (const id of applied.keys()) if (!mappings.view.mappings.has(id)) applied.delete(id);
  }

  return {
    routeOf({ id, enabled }) {
      if (!enabled) return { state: 'disabled' };
      const { state, config } = uplink.status;
      if (!isOnlineState(state)) return { state: 'offline' };
      if (config.ackedRevision === null || mappings.editionOf(id) > config.ackedRevision)
        return { state: 'pending' };
      const refusal = refusalsIn(config.errors).get(id);
      if (refusal !== undefined) {
        const { code } = refusal;
        return { state: 'refused', error: { code, message: describeError(code).says } };
      }
      const at = applied.get(id);
      return at === undefined ? { state: 'active' } : { state: 'active', appliedAt: instantOf(at.atMs) };
    },
    stop() {
      following.unsubscribe();
    },
  };
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
