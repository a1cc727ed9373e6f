// The levels a dashboard follows: status, machines, routes and the edition of the mappings, at a bounded pace.

import { distinctUntilChanged, map, merge, skip, type Observable } from 'rxjs';
import type { Clock } from '../../machines/clock.ts';
import type { MachineView } from '../../protocol/api/machines.ts';
import type { Status } from '../../protocol/api/status.ts';
import type { AgentDatabase } from './database.ts';
import type { HubOptions } from './hub.ts';
import type { Mappings } from './mappings.ts';
import type { RouteStates } from './routeStates.ts';
import { coalesced } from './coalesced.ts';
import { isOnlineState, type Uplink } from './uplink.ts';

export interface LiveLevelsOptions {
  readonly clock: Clock;
  readonly uplink: Pick<Uplink, 'status$'>;
  readonly database: Pick<AgentDatabase, 'state$'>;
  readonly mappings: Mappings;
  readonly routes: Pick<RouteStates, 'routeOf'>;
  /** Tells that a machine has moved. */
  readonly moved$: Observable<unknown>;
  /** Tells that a request has begun, has come further, or has ended. */
  readonly relayMoved$: Observable<unknown>;
  readonly status: () => Status;
  readonly machines: () => MachineView[];
}

/** Each level is read anew no more often. Lowered: thousands of mappings are looked through more often, for nobody to see. */
export const LEVEL_GAP_MS = 100;

/** Requests under way move the status no more often: under load they do all the time. Lowered: every dashboard is told that often. */
export const RELAYS_GAP_MS = 1_000;

export function createLiveLevels(options: LiveLevelsOptions): HubOptions['levels'] {
  const { clock, uplink, database, mappings, routes, moved$, relayMoved$, status, machines } = options;
  const level = <Value>(trigger$: Observable<unknown>, read: () => Value) =>
    coalesced(clock, LEVEL_GAP_MS, trigger$, read);
  // What a subscriber is told at once is no move.
  const relays$ = coalesced(clock, RELAYS_GAP_MS, relayMoved$, () => null).pipe(skip(1));
  /** What a route depends on besides its mapping. A round trip that was measured is none of it. */
  const verdicts$ = uplink.status$.pipe(
    map(({ state, config, routes: told }) => ({ isOnline: isOnlineState(state), ...config, told })),
    distinctUntilChanged(
      (one, other) =>
        one.isOnline === other.isOnline &&
        one.ackedRevision === other.ackedRevision &&
        one.errors === other.errors &&
        one.told === other.told,
    ),
  );
  return {
    status: level(merge(uplink.status$, database.state$, mappings.mappings$, relays$), status),
    machines: level(merge(moved$, uplink.status$), machines),
    routes: level(merge(mappings.mappings$, verdicts$), () =>
      Object.fromEntries(mappings.list().map((mapping) => [mapping.id, routes.routeOf(mapping)])),
    ),
    edition: level(mappings.mappings$, () => mappings.view.edition),
  };
}
