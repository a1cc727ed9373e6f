// What can be done about the tunnel, over the API; how it stands is told by the hub.

import { z } from 'zod';
import { statusSchema, type Status } from '../../protocol/api/status.ts';
import { ask } from './request.ts';

/** Raised: a dead connection is noticed later. */
const ANSWER_MS = 5_000;

/** Drops the tunnel and dials again now. */
export function reconnect(): Promise<Status> {
  return ask('POST', '/api/v1/reconnect', { schema: statusSchema });
}

/** Whatever the agent's version calls its states; a proxy that answers in its place says nothing like it. */
const anyHealthSchema = z.object({ status: z.string(), checks: z.object({}) });

/** Whether the agent itself answers, of whatever version. It counts as no use of the login. */
export async function isAgentThere(): Promise<boolean> {
  try {
    const response = await fetch('/health', { signal: AbortSignal.timeout(ANSWER_MS), cache: 'no-store' });
    return anyHealthSchema.safeParse(await response.json()).success;
  } catch {
    return false;
  }
}
