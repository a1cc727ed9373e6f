// Control messages: JSON text on the wire, each with its schema.

import { z } from 'zod';
import { TunnelError, errorCodes } from './errors.ts';
import {
  MAX_CONTROL_BYTES,
  MAX_TEXT_MESSAGE_BYTES,
  MAX_TOLD_REASON_CHARS,
  MAX_TOLD_CHARS,
  MAX_TOLD_MACHINES,
  MAX_TOLD_ROUTES,
  MAX_TOLD_TRANSITIONS,
  MAX_WIRE_MAPPINGS,
} from './limits.ts';
import { wireMappingSchema } from './mapping.ts';

/** The WebSocket subprotocol (RFC 6455 §1.9). A change that an older peer cannot ignore takes a new number. */
export const SUBPROTOCOL = 'octoporty.v1';

/** Where a gateway accepts wires. */
export const TUNNEL_PATH = '/tunnel';

const version = z.string().min(1).max(64);
const nonce = z.string().regex(/^[\w-]{22}$/);
const wallMs = z.number().min(0);
const revision = z.int().min(0).max(0xffff_ffff);
/** A code of a newer peer that we do not know reads as `internal`, as it does in RESET. */
const errorCode = z
  .string()
  .max(64)
  .transform((name) => errorCodes().find((code) => code === name) ?? 'internal');

/** Gateway → agent, first: who is here, a nonce to sign, and what time it is (milliseconds since 1970). */
const hello = z.object({ type: z.literal('hello'), version, nonce, wallMs });

/** Agent → gateway: the signed claims (`agentClaimsSchema`). Also the answer to `challenge`. */
const auth = z.object({ type: z.literal('auth'), version, token: z.string().max(4096), nonce });

/** Gateway → agent: accepted, with the gateway's own proof (`gatewayClaimsSchema`) and public name; or refused. */
const authResult = z.discriminatedUnion('ok', [
  z.object({
    type: z.literal('auth_result'),
    ok: z.literal(true),
    proof: z.string().max(4096),
    /** The gateway's own public name, which no mapping may take; null when it has none. */
    gatewayHost: z.string().max(253).nullable(),
    /** The session ends this long after this message unless renewed. */
    lifetimeMs: z.int().min(1),
  }),
  z.object({ type: z.literal('auth_result'), ok: z.literal(false), code: errorCode }),
]);

/** Gateway → agent, before the session expires: sign again, on the same wire. */
const challenge = z.object({ type: z.literal('challenge'), nonce, wallMs });

/** Agent → gateway: all enabled mappings; the newest revision wins. No target ever crosses the wire. */
const configSync = z.object({
  type: z.literal('config_sync'),
  revision,
  mappings: z.array(wireMappingSchema).max(MAX_WIRE_MAPPINGS),
});

/** Gateway → agent: the revision is in force. `refused` names the mappings that are not, each with its reason. */
const configAck = z.object({
  type: z.literal('config_ack'),
  revision,
  refused: z.array(z.object({ id: z.uuid(), code: errorCode })).max(MAX_WIRE_MAPPINGS),
});

const toldName = z.string().max(MAX_TOLD_CHARS);
/** For a person: what is wrong and what to do; empty when there is nothing to say. */
const toldReason = z.string().max(MAX_TOLD_REASON_CHARS);
/** Up to the end of the year 9999: what is later has no ISO 8601 time that everybody reads. */
const toldWallMs = wallMs.max(253_402_300_799_999);

/** One actor of the gateway, as its agent may know it. Times are milliseconds since 1970 by the gateway's clock. */
const toldMachine = z.object({
  id: toldName,
  /** The chart's name. */
  machine: toldName,
  state: toldName,
  sinceMs: toldWallMs,
  /** The last ones, oldest first. */
  transitions: z
    .array(z.object({ event: toldName, from: toldName, to: toldName, atMs: toldWallMs }))
    .max(MAX_TOLD_TRANSITIONS),
});
export type ToldMachine = z.output<typeof toldMachine>;

/** Gateway → agent, online: the actors of this agent's own session, then the gateway's own; the newest message counts. */
const gatewayStatus = z.object({
  type: z.literal('gateway_status'),
  machines: z.array(toldMachine).max(MAX_TOLD_MACHINES),
});

/** A state of a newer gateway that we do not know reads as `pending`. */
const ROUTE_STATES = ['pending', 'applied', 'conflict', 'failed'] as const;
const routeState = z
  .string()
  .max(64)
  .transform((name) => ROUTE_STATES.find((state) => state === name) ?? 'pending');

/** A state of a newer gateway that we do not know reads as `pending`. */
const CERTIFICATE_STATES = ['pending', 'issued', 'failed'] as const;
const certificateState = z
  .string()
  .max(64)
  .transform((name) => CERTIFICATE_STATES.find((state) => state === name) ?? 'pending');

/** What visitors of a name are shown by TLS. */
const toldCertificate = z.object({
  state: certificateState,
  reason: toldReason,
  /** Null while there is none. */
  expiresAtMs: toldWallMs.nullable(),
});
export type ToldCertificate = z.output<typeof toldCertificate>;

/** How a mapping's route stands in what is in front of the gateway. */
const toldRoute = z.object({
  id: z.uuid(),
  state: routeState,
  reason: toldReason,
  /** Absent: it is not served by TLS, or that is not known. */
  certificate: toldCertificate.optional(),
});
export type ToldRoute = z.output<typeof toldRoute>;

/** Gateway → agent: the routes that stand otherwise than was told on this wire; of those never told: than pending. */
const routeStatus = z.object({
  type: z.literal('route_status'),
  routes: z.array(toldRoute).max(MAX_TOLD_ROUTES),
});

/** Either way: `timestamp` is the sender's own clock and comes back as it is. */
const heartbeat = z.object({ type: z.literal('heartbeat'), timestamp: z.number() });
const heartbeatAck = z.object({ type: z.literal('heartbeat_ack'), timestamp: z.number() });

/** Either way: no new streams above `lastStreamId`; those up to it may finish. Dial again after `retryAfterMs`. */
const goaway = z.object({
  type: z.literal('goaway'),
  reason: errorCode,
  lastStreamId: z.int().min(0).max(0xffff_ffff),
  retryAfterMs: z.number().min(0),
});

const SCHEMAS = {
  hello,
  auth,
  auth_result: authResult,
  challenge,
  config_sync: configSync,
  config_ack: configAck,
  gateway_status: gatewayStatus,
  route_status: routeStatus,
  heartbeat,
  heartbeat_ack: heartbeatAck,
  goaway,
};

export type ControlType = keyof typeof SCHEMAS;
export type ControlOf<T extends ControlType> = z.infer<(typeof SCHEMAS)[T]>;
export type ControlMessage = { [T in ControlType]: ControlOf<T> }[ControlType];

const typedSchema = z.looseObject({ type: z.string() });

export function encodeControl(message: ControlMessage): string {
  return JSON.stringify(message);
}

/**
 * One text message; undefined for a type we do not know, so that a newer minor version may say more.
 * @throws TunnelError `message_too_large` or `protocol_error`.
 */
export function parseControl(text: string): ControlMessage | undefined {
  if (text.length > MAX_TEXT_MESSAGE_BYTES)
    throw new TunnelError('message_too_large', `${text.length} characters`);
  const typed = typedSchema.safeParse(parseJson(text));
  if (!typed.success) throw new TunnelError('protocol_error', 'a control message without a type');
  const { type } = typed.data;
  if (!isControlType(type)) return undefined;
  const carriesConfig = type === 'config_sync' || type === 'config_ack';
  if (!carriesConfig && text.length > MAX_CONTROL_BYTES) throw new TunnelError('message_too_large', type);
  const parsed = SCHEMAS[type].safeParse(typed.data);
  if (!parsed.success) throw new TunnelError('protocol_error', detailOf(type, parsed.error));
  return parsed.data;
}

/** The first complaint is enough: a bad revision may have thousands. */
function detailOf(type: string, error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? type : `${type}.${issue.path.join('.')}: ${issue.message}`;
}

function isControlType(type: string): type is ControlType {
  return Object.hasOwn(SCHEMAS, type);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TunnelError('protocol_error', 'a control message is not JSON', { cause: error });
  }
}
