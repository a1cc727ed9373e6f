// Requests under way at the agent, for people who want to know what takes so long.

import { z } from 'zod';
import { instantSchema } from './values.ts';

/** Relays in one answer. Raised: one answer takes longer to make and to read than a relay lives. */
export const MAX_LISTED_RELAYS = 200;

/**
 * `opening`: the service is being reached. `awaiting`: it has the request. `responding`: its answer is passed on.
 * `upgraded`: a WebSocket or the like.
 */
export const RELAY_STATES = ['opening', 'awaiting', 'responding', 'upgraded'] as const;

export const relaySchema = z
  .object({
    /** The gateway's id of the request. */
    id: z.string(),
    portMappingId: z.uuid(),
    state: z.enum(RELAY_STATES),
    /** When it arrived at the agent. */
    since: instantSchema,
    method: z.string(),
    /** Without the query, which may hold secrets. */
    path: z.string(),
    visitorAddress: z.string(),
  })
  .meta({ id: 'Relay' });
export type Relay = z.output<typeof relaySchema>;

/** The oldest first; `total` counts those that found no room, too. */
export const relayListSchema = z
  .object({ items: z.array(relaySchema), total: z.int().min(0) })
  .meta({ id: 'RelayList' });
export type RelayList = z.output<typeof relayListSchema>;
