// The paths that are the gateway's own, on hosts that no mapping owns.

import { TUNNEL_PATH } from '../../protocol/control.ts';

export const HEALTH_PATH = '/health';
export const STATUS_PATH = '/api/v1/status';
export const METRICS_PATH = '/metrics';
/** The list; each machine's own path is below it. */
export const MACHINES_PATH = '/api/v1/machines';

const PATHS: ReadonlySet<string> = new Set([
  TUNNEL_PATH,
  HEALTH_PATH,
  METRICS_PATH,
  STATUS_PATH,
  MACHINES_PATH,
]);

export function isGatewayPath(path: string): boolean {
  return PATHS.has(path) || path.startsWith(`${MACHINES_PATH}/`);
}
