// The closed table of everything that can go wrong: one code, one number, one consequence.

/** What a code means outside: `status` for a visitor, `says` for a person, `retryable` for the agent's next dial. */
interface ErrorEntry {
  /** On the wire: RESET carries it as is, a WebSocket close as 4000 + number. Never reuse a number. */
  readonly number: number;
  /** HTTP status when a visitor is answered with this code (RFC 9110 §15). */
  readonly status: number;
  /** False: dialling again at once cannot help, so the agent waits long and shows the reason. */
  readonly retryable: boolean;
  /** One sentence for a person: what failed, and what to do when there is something to do. */
  readonly says: string;
}

const ERRORS = {
  // A visitor's request, answered by the gateway.
  unknown_host: {
    number: 1,
    status: 404,
    retryable: false,
    says: 'No service is published under this name.',
  },
  bad_request: { number: 2, status: 400, retryable: false, says: 'The request is malformed or ambiguous.' },
  head_too_large: {
    number: 3,
    status: 431,
    retryable: false,
    says: 'The request line and headers are too large.',
  },
  loop_detected: {
    number: 4,
    status: 508,
    retryable: false,
    says: 'The request came back to the tunnel it left: a mapping points at its own public name.',
  },
  tunnel_offline: {
    number: 5,
    status: 503,
    retryable: true,
    says: 'The machine behind this name is not connected right now.',
  },
  overloaded: {
    number: 6,
    status: 503,
    retryable: true,
    says: 'Too many requests are under way at once. Try again in a moment.',
  },
  draining: {
    number: 7,
    status: 503,
    retryable: true,
    says: 'The gateway is restarting. Try again in a moment.',
  },
  tunnel_lost: {
    number: 8,
    status: 502,
    retryable: true,
    says: 'The connection to the machine behind this name was lost before it answered.',
  },
  origin_refused: {
    number: 9,
    status: 502,
    retryable: true,
    says: 'The service refused the connection: it is probably not running.',
  },
  origin_unreachable: {
    number: 10,
    status: 502,
    retryable: true,
    says: 'The service cannot be reached from the machine that publishes it.',
  },
  origin_reset: {
    number: 11,
    status: 502,
    retryable: true,
    says: 'The service closed the connection before it answered.',
  },
  origin_dns: {
    number: 12,
    status: 502,
    retryable: true,
    says: "The service's host name cannot be resolved.",
  },
  origin_tls: {
    number: 13,
    status: 502,
    retryable: true,
    says: "The service's TLS certificate is not trusted by the machine that publishes it.",
  },
  origin_invalid: {
    number: 14,
    status: 502,
    retryable: true,
    says: 'The service answered with invalid HTTP.',
  },
  origin_forbidden: {
    number: 15,
    status: 502,
    retryable: false,
    says: 'The service has an address that the machine which publishes it does not allow.',
  },
  connect_timeout: {
    number: 16,
    status: 504,
    retryable: true,
    says: 'The service did not accept a connection in time.',
  },
  head_timeout: { number: 17, status: 504, retryable: true, says: 'The service did not answer in time.' },
  internal: { number: 18, status: 500, retryable: true, says: 'Something went wrong inside the tunnel.' },

  // A stream that ends early, told by RESET.
  cancelled: { number: 30, status: 499, retryable: false, says: 'The visitor left.' },
  mapping_gone: {
    number: 31,
    status: 404,
    retryable: false,
    says: 'The mapping was disabled, deleted or pointed elsewhere while the stream ran.',
  },

  // A wire that ends, told by its close code.
  protocol_error: { number: 50, status: 502, retryable: true, says: 'The peer broke the protocol.' },
  unknown_stream: {
    number: 51,
    status: 502,
    retryable: true,
    says: 'The peer used a stream that was never opened.',
  },
  credit_overdrawn: {
    number: 52,
    status: 502,
    retryable: true,
    says: 'The peer sent more than it had credit for.',
  },
  message_too_large: {
    number: 53,
    status: 502,
    retryable: true,
    says: 'The peer sent a message above the size limit.',
  },
  control_flood: {
    number: 54,
    status: 502,
    retryable: true,
    says: 'The peer sent control messages too fast.',
  },
  handshake_timeout: {
    number: 55,
    status: 503,
    retryable: true,
    says: 'The handshake was not finished in time.',
  },
  handshake_crowded: {
    number: 56,
    status: 503,
    retryable: true,
    says: 'Too many handshakes are pending at the gateway; the oldest went first.',
  },
  dial_failed: { number: 57, status: 503, retryable: true, says: 'The gateway could not be reached.' },
  dial_timeout: {
    number: 58,
    status: 503,
    retryable: true,
    says: 'The gateway did not answer the dial in time.',
  },
  wire_closed: {
    number: 59,
    status: 503,
    retryable: true,
    says: 'The connection between agent and gateway ended.',
  },
  peer_silent: {
    number: 60,
    status: 503,
    retryable: true,
    says: 'Nothing was heard from the peer for too long.',
  },
  sync_timeout: {
    number: 61,
    status: 503,
    retryable: true,
    says: 'The gateway did not confirm the mappings in time.',
  },
  replaced: {
    number: 62,
    status: 503,
    retryable: true,
    says: 'A newer connection of the same agent took over.',
  },
  going_away: { number: 63, status: 503, retryable: true, says: 'The peer is shutting down.' },
  stopped: { number: 64, status: 503, retryable: true, says: 'Stopped on request.' },
  redialled: { number: 65, status: 503, retryable: true, says: 'Dropped to dial again on request.' },

  // A gateway that says no.
  version_mismatch: {
    number: 70,
    status: 426,
    retryable: false,
    says: 'Gateway and agent speak different protocol versions: bring both to the same release.',
  },
  auth_failed: {
    number: 71,
    status: 401,
    retryable: false,
    says: 'The secret was refused: set the same OCTOPORTY_AUTH_SECRET on both sides.',
  },
  auth_expired: { number: 72, status: 401, retryable: true, says: 'The session was not renewed in time.' },
  auth_throttled: {
    number: 73,
    status: 429,
    retryable: true,
    says: 'Too many failed attempts from this address. Try again in a minute.',
  },
  duplicate_agent: {
    number: 74,
    status: 409,
    retryable: false,
    says: 'Another running agent uses the same agent id: give this copy its own data folder.',
  },
  // Retryable: a captive portal or a proxy that lacks its route for a moment answers like this too.
  not_a_gateway: {
    number: 75,
    status: 502,
    retryable: true,
    says: 'The address answers, but not as an Octoporty gateway: check OCTOPORTY_GATEWAY_URL.',
  },

  // The way to a gateway. Retryable, but for a login: proxies lock out who repeats a wrong one.
  proxy_unreachable: {
    number: 76,
    status: 503,
    retryable: true,
    says: 'The proxy on the way to the gateway cannot be reached: check HTTPS_PROXY.',
  },
  proxy_refused: {
    number: 77,
    status: 502,
    retryable: true,
    says: 'The proxy on the way refuses to connect to the gateway: allow it there, or name another with HTTPS_PROXY.',
  },
  proxy_login_failed: {
    number: 78,
    status: 502,
    retryable: false,
    says: 'The proxy on the way to the gateway refuses the login: check user name and password in HTTPS_PROXY.',
  },
  gateway_untrusted: {
    number: 79,
    status: 502,
    retryable: true,
    says: "The gateway's certificate is not trusted here: name its private authority with OCTOPORTY_CA_FILE, or put the certificate right.",
  },

  // One mapping of a revision, refused while the others are accepted.
  domain_taken: {
    number: 90,
    status: 409,
    retryable: false,
    says: 'Another agent publishes this name already.',
  },
  domain_reserved: { number: 91, status: 409, retryable: false, says: "This is the gateway's own name." },
  mapping_invalid: {
    number: 92,
    status: 400,
    retryable: false,
    says: 'The gateway does not accept this mapping.',
  },
  port_not_offered: {
    number: 93,
    status: 400,
    retryable: false,
    says: 'The gateway does not offer this external port: choose 443, or add it to its OCTOPORTY_EXTERNAL_PORTS.',
  },

  // One mapping that was accepted, and whose route cannot be made.
  route_conflict: {
    number: 94,
    status: 409,
    retryable: false,
    says: 'Another route of the web server in front of the gateway has this name.',
  },
  route_failed: {
    number: 95,
    status: 502,
    retryable: true,
    says: 'The web server in front of the gateway does not take this route.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** The application range of WebSocket close codes (RFC 6455 §7.4.2) starts here. */
const CLOSE_CODE_BASE = 4000;

/** Codes up to this number answer a visitor's request. */
const LAST_VISITOR_NUMBER = ERRORS.internal.number;

const codeByNumber = new Map<number, ErrorCode>(
  errorCodes().map((code): [number, ErrorCode] => [ERRORS[code].number, code]),
);

/** A failure with a name. The thrower says what failed; the table decides what happens. */
export class TunnelError extends Error {
  override readonly name = 'TunnelError';
  readonly code: ErrorCode;

  /** `detail` is for our own logs: it never reaches a visitor. */
  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? ERRORS[code].says : `${ERRORS[code].says} (${detail})`, options);
    this.code = code;
  }
}

export function describeError(code: ErrorCode): ErrorEntry {
  return ERRORS[code];
}

export function errorCodes(): ErrorCode[] {
  return Object.keys(ERRORS).filter((key): key is ErrorCode => key in ERRORS);
}

/** The code of a RESET's number; an unknown number (a newer peer) reads as `internal`. */
export function errorOfNumber(number: number): ErrorCode {
  return codeByNumber.get(number) ?? 'internal';
}

/** The code a visitor may hear for what happened inside: the ones that are about their request, nothing of ours. */
export function visitorErrorOf(code: ErrorCode): ErrorCode {
  if (ERRORS[code].number <= LAST_VISITOR_NUMBER) return code;
  return code === 'mapping_gone' ? 'unknown_host' : 'tunnel_lost';
}

export function closeCodeOf(code: ErrorCode): number {
  return CLOSE_CODE_BASE + ERRORS[code].number;
}

/** The code behind a WebSocket close code; anything outside our range is a wire that just ended. */
export function errorOfCloseCode(closeCode: number): ErrorCode {
  return codeByNumber.get(closeCode - CLOSE_CODE_BASE) ?? 'wire_closed';
}

/** Any thrown value as a TunnelError; what is not one becomes `internal` with its cause kept. */
export function toTunnelError(thrown: unknown): TunnelError {
  if (thrown instanceof TunnelError) return thrown;
  return new TunnelError('internal', thrown instanceof Error ? thrown.message : String(thrown), {
    cause: thrown,
  });
}
