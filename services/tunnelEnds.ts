// The error codes that a tunnel can end with once it is online: what metrics tell as zero until it happens.

import type { ErrorCode } from '../protocol/errors.ts';

/** Either end may see what the other one says: both tell the same. */
export const TUNNEL_END_CODES: readonly ErrorCode[] = [
  'internal',
  'protocol_error',
  'unknown_stream',
  'credit_overdrawn',
  'message_too_large',
  'control_flood',
  'handshake_timeout',
  'dial_timeout',
  'wire_closed',
  'peer_silent',
  'sync_timeout',
  'replaced',
  'going_away',
  'stopped',
  'redialled',
  'auth_failed',
  'auth_expired',
];
