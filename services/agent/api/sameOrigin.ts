// Whether a request comes from the dashboard's own pages, or from another web site that the same browser shows.

import type { IncomingMessage } from 'node:http';
import { ProblemError } from './problems.ts';

const FOREIGN =
  'The Origin header must name the address that the request was sent to. A proxy in front must pass Host on and send X-Forwarded-Proto.';

/**
 * Throws ProblemError `foreign_origin` when a browser says that another web site sent it. Programs that are no
 * browser say nothing, and pass: nobody can make them send what they do not want to.
 */
export function refuseForeignOrigin(request: IncomingMessage): void {
  const { origin, 'sec-fetch-site': site } = request.headers;
  const isOwnOrigin = origin === undefined || isOwn(origin, request);
  // `same-site` is not enough: another port of the same machine is another program.
  const isOwnSite = site === undefined || site === 'same-origin' || site === 'none';
  if (!isOwnOrigin || !isOwnSite) throw new ProblemError('foreign_origin', { detail: FOREIGN });
}

/**
 * Whether the browser's side of the connection is TLS. A proxy's word is believed from everybody: no web page can
 * make a browser say it, and a liar gains nothing.
 */
export function isByTls(request: IncomingMessage): boolean {
  if ('encrypted' in request.socket) return true;
  const [scheme] = String(request.headers['x-forwarded-proto'] ?? '').split(',');
  return scheme?.trim().toLowerCase() === 'https';
}

function isOwn(origin: string, request: IncomingMessage): boolean {
  const scheme = isByTls(request) ? 'https' : 'http';
  const own = originOf(`${scheme}://${request.headers.host ?? ''}`);
  return own !== undefined && originOf(origin) === own;
}

/** Scheme, host and port, folded; undefined for what is none, `null` among them. */
function originOf(text: string): string | undefined {
  const origin = URL.parse(text)?.origin;
  return origin === 'null' ? undefined : origin;
}
