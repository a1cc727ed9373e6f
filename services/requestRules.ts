// Which requests are refused beyond what Node's parser refuses: whatever two readers could understand differently.

import { METHODS } from 'node:http';
import { isIPv6 } from 'node:net';
import type { FlatHeaders } from '../protocol/head.ts';
import { membersOf, valuesOf } from '../protocol/headers.ts';

/** A request head as Node's parser gives it. */
export interface RawRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: FlatHeaders;
}

/** What a request says once it can be read in one way only. */
export interface ReadRequest {
  /** Lower case, without port and trailing dot. */
  readonly host: string;
  /** The Host line's value as sent. */
  readonly hostLine: string;
  /** Origin-form, or `*` for OPTIONS. */
  readonly target: string;
  readonly hasBody: boolean;
}

/** `problem` is for our own log: whoever asked hears only that it is no valid request. */
export type RequestReading = ReadRequest | { readonly problem: string };

const HOST_LINE = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{0,5}))?$/i;
const ABSOLUTE_FORM = /^(https?):\/\/([^/?#]*)(.*)$/is;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };
const MAX_PORT = 65_535;

/** Node's parser also reads RTSP, whose methods are none of HTTP's. */
const HTTP_METHODS = new Set(METHODS);

/** Reads a request, or says why it is ambiguous (RFC 9112 §3.2, §6.3, §11.2). */
export function readRequest(raw: RawRequest): RequestReading {
  const { rawHeaders, httpVersion } = raw;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return { problem: 'HTTP version' };
  if (raw.method === 'CONNECT') return { problem: 'CONNECT' };
  if (!HTTP_METHODS.has(raw.method ?? '')) return { problem: 'a method of another protocol' };
  const hostLines = valuesOf(rawHeaders, 'host');
  const [hostLine = ''] = hostLines;
  if (hostLines.length !== 1) return { problem: 'no Host or several' };
  const host = parseHost(hostLine);
  if (host === null) return { problem: 'Host' };
  const target = originForm(raw.method ?? '', raw.url ?? '', hostLine);
  if (target === null) return { problem: 'target' };
  const body = readFraming(rawHeaders, httpVersion);
  return 'problem' in body ? body : { host, hostLine, target, hasBody: body.hasBody };
}

/** True when switching protocols is asked for in a way that we pass on (RFC 9110 §7.8); any other Upgrade is ignored. */
export function wantsUpgrade({ httpVersion, rawHeaders }: RawRequest, { hasBody }: ReadRequest): boolean {
  const protocols = membersOf(rawHeaders, 'upgrade');
  return (
    httpVersion === '1.1' &&
    !hasBody &&
    protocols.length > 0 &&
    !protocols.includes('h2c') &&
    membersOf(rawHeaders, 'connection').includes('upgrade')
  );
}

/** True when Node's parser took the request for an upgrade, whatever was decided: it reads nothing behind it. */
export function looksLikeUpgrade({ rawHeaders }: RawRequest): boolean {
  return (
    valuesOf(rawHeaders, 'upgrade').length > 0 && membersOf(rawHeaders, 'connection').includes('upgrade')
  );
}

/** True when trailers end the connection: Node's parser obeys them even there, and reads nothing behind the request. */
export function closesByTrailers(rawTrailers: FlatHeaders): boolean {
  const options = ['connection', 'proxy-connection'].flatMap((name) => membersOf(rawTrailers, name));
  return options.includes('close');
}

/** The name in a Host line as mappings know it; null for junk. */
export function parseHost(hostLine: string): string | null {
  const [, name = '', port = ''] = HOST_LINE.exec(hostLine) ?? [];
  if (name === '' || Number(port) > MAX_PORT) return null;
  if (name.startsWith('[') && !isIPv6(name.slice(1, -1))) return null;
  return name.toLowerCase().replace(/\.$/, '') || null;
}

/** The target without scheme and authority; null when it is none of ours, or names another host than the Host line. */
function originForm(method: string, target: string, hostLine: string): string | null {
  // A fragment never belongs on the wire: readers disagree on whether it is part of the path.
  if (target.includes('#')) return null;
  if (target.startsWith('/')) return target;
  if (target === '*') return method === 'OPTIONS' ? target : null;
  const [, scheme = '', authority = '', rest = ''] = ABSOLUTE_FORM.exec(target) ?? [];
  const port = DEFAULT_PORTS[scheme.toLowerCase()];
  if (port === undefined || withoutPort(authority, port) !== withoutPort(hostLine, port)) return null;
  if (rest.startsWith('/')) return rest;
  return rest === '' && method === 'OPTIONS' ? '*' : `/${rest}`;
}

function withoutPort(authority: string, defaultPort: string): string {
  return authority.toLowerCase().replace(new RegExp(`:(${defaultPort})?$`), '');
}

function readFraming(
  headers: FlatHeaders,
  httpVersion: string,
): { readonly hasBody: boolean } | { readonly problem: string } {
  const lengths = valuesOf(headers, 'content-length');
  const encodings = valuesOf(headers, 'transfer-encoding');
  if (encodings.length > 0) {
    if (httpVersion === '1.0') return { problem: 'Transfer-Encoding in HTTP/1.0' };
    if (lengths.length > 0) return { problem: 'Content-Length beside Transfer-Encoding' };
    const isChunked = encodings.length === 1 && encodings[0]?.toLowerCase() === 'chunked';
    return isChunked ? { hasBody: true } : { problem: 'Transfer-Encoding' };
  }
  const [length = '0'] = lengths;
  if (lengths.length > 1 || !/^\d+$/.test(length)) return { problem: 'Content-Length' };
  // Beyond it readers round, overflow or count backwards, each in its own way.
  if (Number(length) > Number.MAX_SAFE_INTEGER) return { problem: 'a Content-Length that nobody can count' };
  return { hasBody: /[1-9]/.test(length) };
}
