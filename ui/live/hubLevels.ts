// What the live hub has told, put together: a snapshot, and every change since.

import type { HubMessage } from '../../protocol/api/hub.ts';
import type { MachineView } from '../../protocol/api/machines.ts';
import type { Route } from '../../protocol/api/mappings.ts';
import type { Status } from '../../protocol/api/status.ts';

export interface HubLevels {
  readonly status: Status;
  readonly machines: readonly MachineView[];
  /** By mapping id. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly edition: number;
}

/** Whoever holds the former levels sees no change. Null for a change of what was never told. */
export function mergedLevels(
  before: HubLevels | null,
  message: Extract<HubMessage, { type: 'snapshot' | 'change' }>,
): HubLevels | null {
  if (message.type === 'snapshot') {
    const { status, machines, edition, routes } = message;
    return { status, machines, edition, routes: new Map(Object.entries(routes)) };
  }
  if (before === null) return null;
  return {
    status: message.status ?? before.status,
    machines: message.machines ?? before.machines,
    edition: message.edition ?? before.edition,
    routes: message.routes === undefined ? before.routes : mergedRoutes(before.routes, message.routes),
  };
}

function mergedRoutes(
  before: ReadonlyMap<string, Route>,
  moved: Readonly<Record<string, Route | null>>,
): ReadonlyMap<string, Route> {
  const routes = new Map(before);
  for (const [id, route] of Object.entries(moved)) {
    if (route === null) routes.delete(id);
    else routes.set(id, route);
  }
  return routes;
}
