// Mappings with their routes as the hub tells them. One whose route has not moved is the same object as before.

import type { MappingView, Route } from '../../../protocol/api/mappings.ts';

export type RouteMerge = (
  mappings: readonly MappingView[],
  routes: ReadonlyMap<string, Route>,
) => readonly MappingView[];

/** Remembers what it made: of thousands few move at a time, and what is known of the others need not be made anew. */
export function createRouteMerge(): RouteMerge {
  const made = new WeakMap<MappingView, MappingView>();

  function withRoute(mapping: MappingView, route: Route | undefined): MappingView {
    if (route === undefined) return mapping;
    const before = made.get(mapping);
    if (before?.route === route) return before;
    const merged = { ...mapping, route };
    made.set(mapping, merged);
    return merged;
  }

  return (mappings, routes) => mappings.map((mapping) => withRoute(mapping, routes.get(mapping.id)));
}
