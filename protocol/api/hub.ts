// What the live hub tells a dashboard: a snapshot first, then what has changed.

import { z } from 'zod';
import { requestLogSchema } from './logs.ts';
import { machineSchema } from './machines.ts';
import { routeSchema } from './mappings.ts';
import { statusSchema } from './status.ts';
import { instantSchema } from './values.ts';

/** Where the agent takes the WebSocket. */
export const HUB_PATH = '/hub/status';

/**
 * How often the hub tells everybody the time, pings them, and looks at their logins. Raised: a dashboard notices later
 * that its connection is dead, which no browser tells; dead watchers and those logged out stay for longer.
 */
export const HUB_BEAT_MS = 10_000;

/** Mappings are listed by the API; the hub tells how they stand, and that `edition` has moved on when one was edited. */
const levels = {
  status: statusSchema,
  machines: z.array(machineSchema),
  /** By mapping id. */
  routes: z.record(z.uuid(), routeSchema),
  /** Rises with every edit of a mapping. */
  edition: z.int().min(0),
};

export const hubMessageSchema = z.discriminatedUnion('type', [
  /** `now` is the agent's clock, by which all its times are: the reader's own may differ. */
  z.object({ type: z.literal('snapshot'), now: instantSchema, ...levels }),
  /** Comes every `HUB_BEAT_MS`. */
  z.object({ type: z.literal('time'), now: instantSchema }),
  /** Levels that have moved, whole; `routes` holds only those that have, null for one that is gone. */
  z.object({
    type: z.literal('change'),
    status: levels.status.optional(),
    machines: levels.machines.optional(),
    routes: z.record(z.uuid(), routeSchema.nullable()).optional(),
    edition: levels.edition.optional(),
  }),
  /** Requests that have ended since the last message; `left` were too many to tell. */
  z.object({ type: z.literal('requests'), items: z.array(requestLogSchema), left: z.int().min(0) }),
]);
export type HubMessage = z.output<typeof hubMessageSchema>;

/** What every message says of itself, also one that a reader of another version cannot read. */
export const hubMessageKindSchema = z.object({ type: z.string() });
