// What can be done about the tunnel, over the API; how it stands is told by the hub.

import { statusSchema, type Status } from '../../protocol/api/status.ts';
import { ask } from './request.ts';

/** Raised: a dead connection is noticed later. */
const ANSWER_MS = 5_000;

/** Drops the tunnel and dials again now. */
export function reconnect(): Promise<Status> {
  return ask('POST', '/api/v1/reconnect', { schema: statusSchema });
}

/** Asked when the hub is silent. It counts as no use of the login. */
export async function isAgentThere(): Promise<boolean> {
  try {
    await fetch('/health', { signal: AbortSignal.timeout(ANSWER_MS), cache: 'no-store' });
    return true;
  } catch {
    return false;
  }
}
