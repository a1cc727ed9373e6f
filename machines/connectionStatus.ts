// What a connection shows of itself: its gateway, its config and its last error.

import type { ConnectionContext } from './connection.ts';

/** The status of a connection as the API and the health check show it. */
export function connectionStatus(context: ConnectionContext) {
  const { lastAttempt, lastError, gateway, gatewayMachines, routes, ackedRevision, refused, config } =
    context;
  return {
    attempt: lastAttempt,
    lastError,
    gateway,
    gatewayMachines,
    routes,
    config: { revision: config.revision, ackedRevision, errors: refused },
  };
}
