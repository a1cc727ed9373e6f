// What went wrong with an origin, by Node's error: one code for the visitor, one sentence for our logs.

import { TunnelError, type ErrorCode } from '../../protocol/errors.ts';

/** How far a connection had come when it failed. */
export type ConnectionStage = 'connecting' | 'handshaking' | 'connected';

export interface OriginFailure {
  readonly code: ErrorCode;
  readonly detail: string;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'origin_refused',
  ENOTFOUND: 'origin_dns',
  EAI_AGAIN: 'origin_dns',
  EHOSTUNREACH: 'origin_unreachable',
  EHOSTDOWN: 'origin_unreachable',
  ENETUNREACH: 'origin_unreachable',
  ENETDOWN: 'origin_unreachable',
  ENONET: 'origin_unreachable',
  EADDRNOTAVAIL: 'origin_unreachable',
  EAFNOSUPPORT: 'origin_unreachable',
  EINVAL: 'origin_unreachable',
  EACCES: 'origin_unreachable',
  EPERM: 'origin_unreachable',
  ETIMEDOUT: 'connect_timeout',
  ERR_SOCKET_CONNECTION_TIMEOUT: 'connect_timeout',
  ECONNRESET: 'origin_reset',
  ECONNABORTED: 'origin_reset',
  EPIPE: 'origin_reset',
  EPROTO: 'origin_tls',
  // This machine has no file handles left.
  EMFILE: 'overloaded',
  ENFILE: 'overloaded',
};

/** Codes of one family: the parser's, OpenSSL's and Node's TLS, the resolver's. */
const FAMILIES: readonly (readonly [prefix: string, code: ErrorCode])[] = [
  ['HPE_', 'origin_invalid'],
  ['ERR_SSL_', 'origin_tls'],
  ['ERR_TLS_', 'origin_tls'],
  ['EAI_', 'origin_dns'],
];

const UNKNOWN_ISSUER = 'its certificate comes from an authority that this machine does not know';

const CERTIFICATE_FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_ISSUER,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_ISSUER,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_ISSUER,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_ISSUER,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  EPROTO: 'it does not speak TLS on this port, or no version that this machine does',
};

/** What OpenSSL makes of bytes that are no TLS, as it reads them or writes its own. */
const NO_TLS = new Set(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

/** Of several addresses that failed, the one that says most: somebody was there, or at least on the way. */
const TELLING: readonly ErrorCode[] = [
  'origin_refused',
  'origin_reset',
  'connect_timeout',
  'origin_unreachable',
];

/** What is wrong with the TLS of an origin, as the end of a sentence about it; undefined when it is something else. */
export function certificateFaultOf(error: unknown): string | undefined {
  return CERTIFICATE_FAULTS[isNoTls(error) ? 'EPROTO' : errnoOf(error)];
}

/** Whoever is there probably speaks something else than TLS. */
export function isNoTls(error: unknown): boolean {
  return NO_TLS.has(errnoOf(error));
}

export function failureOf(error: unknown, stage: ConnectionStage): OriginFailure {
  if (error instanceof AggregateError && error.errors.length > 0) return mostTelling(error.errors, stage);
  if (error instanceof TunnelError) return { code: error.code, detail: error.message };
  const name = errnoOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const fault = certificateFaultOf(error);
  return { code: codeOf(name, stage), detail: fault === undefined ? message : `${fault} (${message})` };
}

function codeOf(name: string, stage: ConnectionStage): ErrorCode {
  const known = CODES[name] ?? FAMILIES.find(([prefix]) => name.startsWith(prefix))?.[1];
  // A connection that stood and fell silent was cut, wherever the cable lies.
  if (known === 'connect_timeout' || known === 'origin_unreachable')
    return stage === 'connected' ? 'origin_reset' : known;
  if (known !== undefined) return known;
  // OpenSSL has dozens of names for what can be wrong with a certificate.
  return stage === 'handshaking' ? 'origin_tls' : 'internal';
}

function mostTelling(errors: readonly unknown[], stage: ConnectionStage): OriginFailure {
  const [first, ...others] = errors.map((each) => failureOf(each, stage));
  return others.reduce(
    (best, each) => (rank(each) < rank(best) ? each : best),
    first ?? { code: 'internal', detail: 'no address was tried' },
  );
}

function rank({ code }: OriginFailure): number {
  const at = TELLING.indexOf(code);
  return at < 0 ? TELLING.length : at;
}

/** Node's name for what went wrong; empty when it has none. */
export function errnoOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
