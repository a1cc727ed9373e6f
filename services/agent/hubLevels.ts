// What the hub follows, and what has moved between two looks at it.

import type { HubMessage } from '../../protocol/api/hub.ts';
import type { Route } from '../../protocol/api/mappings.ts';

export type HubLevels = Omit<Extract<HubMessage, { type: 'snapshot' }>, 'type' | 'now'>;

export type HubChange = Omit<Extract<HubMessage, { type: 'change' }>, 'type'>;

/** Levels are replaced, never edited: what is the same object has not moved. */
export function changeBetween(before: HubLevels, now: HubLevels): HubChange {
  const routes = before.routes === now.routes ? {} : movedRoutes(before.routes, now.routes);
  return {
    ...(before.status === now.status ? {} : { status: now.status }),
    ...(before.machines === now.machines ? {} : { machines: now.machines }),
    ...(Object.keys(routes).length === 0 ? {} : { routes }),
    ...(before.edition === now.edition ? {} : { edition: now.edition }),
  };
}

/** Both in one: of each level the later. */
export function mergeChanges(earlier: HubChange, later: HubChange): HubChange {
  // Thousands of routes are not copied to be put beside none.
  if (earlier.routes === undefined || later.routes === undefined) return { ...earlier, ...later };
  return { ...earlier, ...later, routes: { ...earlier.routes, ...later.routes } };
}

export function isEmptyChange(change: HubChange): boolean {
  return Object.keys(change).length === 0;
}

function movedRoutes(before: HubLevels['routes'], now: HubLevels['routes']): Record<string, Route | null> {
  const moved: Record<string, Route | null> = {};
  for (const [id, route] of Object.entries(now)) {
    if (!isSameRoute(before[id], route)) moved[id] = route;
  }
  for (const id of Object.keys(before)) {
    if (now[id] === undefined) moved[id] = null;
  }
  return moved;
}

function isSameRoute(before: Route | undefined, now: Route): boolean {
  return (
    before === now ||
    (before?.state === now.state &&
      before.appliedAt === now.appliedAt &&
      before.error?.code === now.error?.code &&
      before.error?.message === now.error?.message &&
      before.certificate?.state === now.certificate?.state &&
      before.certificate?.reason === now.certificate?.reason &&
      before.certificate?.expiresAt === now.certificate?.expiresAt)
  );
}
