// Looks at what visitors of a name are shown by TLS: one handshake with Caddy, as a visitor's, and no request.

import type { X509Certificate } from 'node:crypto';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';

/** A Caddy that takes longer is busy with more than us. Raised: one that hangs keeps others waiting for longer. */
const HANDSHAKE_MS = 5_000;

/**
 * Caddy renews when a third of a certificate's time is left. Raised towards that third: one whose renewal is under way is
 * told as late.
 */
const LATE_SHARE = 1 / 6;

/** One for all looks, and without any authority: each would have a store of its own, that nobody asks. */
const secureContext = createSecureContext({ ca: [] });

export interface ProbeOptions {
  /** Where Caddy listens. */
  readonly host: string;
  readonly port: number;
  /** What the visitor asks for by SNI. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/**
 * `issued`: a certificate for that name, and in force; who has signed it is not asked, as a local CA's is as good here. Late
 * is one that should have been renewed by now, whether it lives for months or for hours.
 * `none`: TLS is spoken, but not for that name. `plain`: it is not. `unreachable`: nobody answers.
 */
export type Probed =
  | { readonly kind: 'issued'; readonly expiresAtMs: number; readonly isLate: boolean }
  | { readonly kind: 'none' }
  | { readonly kind: 'plain' }
  | { readonly kind: 'unreachable' };

export type ProbeCertificate = (options: ProbeOptions) => Promise<Probed>;

export const probeCertificate: ProbeCertificate = ({ host, port, name, nowMs, signal }) =>
  new Promise((resolve) => {
    const socket: TLSSocket = connect({
      host,
      port,
      servername: name,
      secureContext,
      rejectUnauthorized: false,
    });
    const onAbort = () => leave({ kind: 'unreachable' });
    const leave = (probed: Probed) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(probed);
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    socket.setTimeout(HANDSHAKE_MS, onAbort);
    socket.on('secureConnect', () => leave(judged(socket.getPeerX509Certificate(), name, nowMs)));
    socket.on('error', (error: Error) => leave({ kind: kindOf(error) }));
    socket.on('close', () => leave({ kind: 'unreachable' }));
  });

function judged(certificate: X509Certificate | undefined, name: string, nowMs: number): Probed {
  const isOfName = certificate?.checkHost(name) !== undefined;
  const expiresAtMs = Date.parse(certificate?.validTo ?? '');
  const leftMs = expiresAtMs - nowMs;
  if (!isOfName || !(leftMs > 0)) return { kind: 'none' };
  const lifetimeMs = expiresAtMs - Date.parse(certificate.validFrom);
  return { kind: 'issued', expiresAtMs, isLate: leftMs < lifetimeMs * LATE_SHARE };
}

/** OpenSSL's words: an alert is said by someone who speaks TLS. */
function kindOf(error: Error): 'none' | 'plain' | 'unreachable' {
  const code = 'code' in error ? String(error.code) : '';
  if (/^ERR_SSL_.*_ALERT_/.test(code)) return 'none';
  return NOT_TLS.has(code) ? 'plain' : 'unreachable';
}

/** `HTTP/1.1 400` read as a record of TLS. */
const NOT_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);
