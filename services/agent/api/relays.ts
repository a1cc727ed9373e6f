// `/api/v1/relays`: the requests that are under way right now.

import Router from '@koa/router';
import type { Clock } from '../../../machines/clock.ts';
import { MAX_LISTED_RELAYS, RELAY_STATES, type RelayList } from '../../../protocol/api/relays.ts';
import { instantOf } from '../../../protocol/api/values.ts';
import type { Forwarder } from '../forwarder.ts';

export interface RelayRoutesOptions {
  readonly forwarder: Pick<Forwarder, 'underWay'>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export function relayRoutes(options: RelayRoutesOptions): Router {
  const router = new Router();
  router.get('/api/v1/relays', (context) => {
    context.body = relayList(options);
  });
  return router;
}

function relayList({ forwarder, clock }: RelayRoutesOptions): RelayList {
  const { oldest, total } = forwarder.underWay(MAX_LISTED_RELAYS);
  const wallMs = clock.wallMs();
  const items = oldest.flatMap(({ requestId, mappingId, phase, ageMs, method, path, visitorAddress }) => {
    // One that has ended is not under way.
    const state = RELAY_STATES.find((known) => known === phase);
    if (state === undefined || mappingId === null) return [];
    const since = instantOf(wallMs - ageMs);
    return [{ id: requestId, portMappingId: mappingId, state, since, method, path, visitorAddress }];
  });
  return { items, total };
}
