// What a gateway has told of its routes: by mapping, and of those that are not pending.

import type { ToldRoute } from '../protocol/control.ts';
import { MAX_WIRE_MAPPINGS } from '../protocol/limits.ts';

/** Null: the gateway tells of none, and what it confirms it serves. */
export type ToldRoutes = ReadonlyMap<string, ToldRoute> | null;

/** More than a revision has mappings are not kept: whatever a gateway says, it takes no more memory. */
export function routesAfter(before: ToldRoutes, told: readonly ToldRoute[]): ToldRoutes {
  const routes = new Map(before);
  for (const route of told) {
    if (route.state === 'pending') routes.delete(route.id);
    else if (routes.has(route.id) || routes.size < MAX_WIRE_MAPPINGS) routes.set(route.id, route);
  }
  return routes;
}
