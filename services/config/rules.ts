// Owns the rules that one setting's form alone cannot tell: what is safe to dial, what needs what, what must stay secret.

import { accessSync, constants } from 'node:fs';
import { getProxyForUrl } from 'proxy-from-env';
import { TUNNEL_PATH } from '../../protocol/control.ts';
import { isLoopback, quoted } from './values.ts';
import { ConfigError, labelOf, reasonOf, type ConfigSources } from './variables.ts';

/** The gateway's URL with its path. Throws ConfigError. */
export function parseGatewayUrl(
  text: string | null,
  isInsecureAllowed: boolean,
  sources: ConfigSources,
): string {
  const label = labelOf('OCTOPORTY_GATEWAY_URL', sources);
  if (text === null) {
    throw new ConfigError(
      `${label} is not set: give the gateway's address, such as wss://tunnel.example.com.`,
    );
  }
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['ws:', 'wss:'].includes(url.protocol) || url.hostname === '') {
    throw new ConfigError(
      `${label} must be like wss://tunnel.example.com, not ${quoted(withoutLogin(text))}.`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(`${label} must not hold a user name or password: the shared secret is enough.`);
  }
  if (url.search !== '' || url.hash !== '') {
    throw new ConfigError(`${label} must end with its path: remove what begins with "?" or "#".`);
  }
  if (url.protocol === 'ws:' && !isLoopback(url.hostname) && !isInsecureAllowed) {
    throw new ConfigError(
      `${label} is not encrypted: use wss://, or set OCTOPORTY_ALLOW_INSECURE=true on a network you trust.`,
    );
  }
  if (url.pathname === '/') url.pathname = TUNNEL_PATH;
  return url.href;
}

/** Caddy's admin address may rewrite every route, so in plain HTTP it stays on this machine. Throws ConfigError. */
export function parseCaddyAdminUrl(text: string, isInsecureAllowed: boolean): string {
  if (/^unix:\/./.test(text)) return text;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new ConfigError(
      `OCTOPORTY_CADDY_ADMIN_URL must be like http://localhost:2019 or unix:/run/caddy/admin.sock, not ${quoted(withoutLogin(text))}.`,
    );
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !isInsecureAllowed) {
    throw new ConfigError(
      'OCTOPORTY_CADDY_ADMIN_URL is plain HTTP beyond this machine: use a unix socket or localhost, or set OCTOPORTY_ALLOW_INSECURE=true on a network you trust.',
    );
  }
  if (
    url.username !== '' ||
    url.password !== '' ||
    !/^\/*$/.test(url.pathname) ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new ConfigError(
      'OCTOPORTY_CADDY_ADMIN_URL must end with its port: Caddy knows no login there, and its paths are ours to choose.',
    );
  }
  return text.replace(/\/+$/, '');
}

/** The HTTP proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY ask for; never one for this machine itself. */
export function proxyFor(gatewayUrl: string): string | null {
  const url = new URL(gatewayUrl);
  if (isLoopback(url.hostname)) return null;
  return getProxyForUrl(gatewayUrl.replace(/^ws/, 'http')) || null;
}

/** The path, once the file behind it can be read. Throws ConfigError. */
export function readableFile(path: string, label: string): string {
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch (error) {
    throw new ConfigError(`${label}: cannot read ${path} (${reasonOf(error)}).`);
  }
}

/** `Password=…`: in double, single or no quotes, or in braces as ODBC has it. A quote inside is doubled. */
const PASSWORD_PAIR =
  /(?:^|;)\s*(?:password|pwd)\s*=\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|\{(?:[^}]|\}\})*\}|(?:[^;]|;;)*)/gi;

/** The passwords inside a connection string, in each form an error message may show them. */
export function passwordsIn(connectionString: string): string[] {
  // An "@" in a password should be escaped, and is understood when it is not: then the last one ends the login.
  const logins = [/^[a-z]+:\/\/[^/@:]*:([^@]*)@/i, /^[a-z]+:\/\/[^/@:]*:([^/?#]*)@/i];
  const inUrl = logins.map((login) => login.exec(connectionString)?.[1] ?? '');
  const inPairs = [...connectionString.matchAll(PASSWORD_PAIR)].flatMap(([, value = '']) =>
    unquoted(value.trim()),
  );
  return [...inUrl, ...inUrl.map(decoded), ...inPairs].filter((password) => password !== '');
}

/** What is between the quotes: as it is written, and as it is meant. */
function unquoted(value: string): string[] {
  const [, quote, inQuotes] = /^(?:(["'{])(.*)["'}])$/s.exec(value) ?? [];
  if (quote === undefined || inQuotes === undefined) return [value, value.replaceAll(';;', ';')];
  const end = quote === '{' ? '}' : quote;
  return [inQuotes, inQuotes.replaceAll(end + end, end)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    // A bare "%" is no escape: then the password is as it is written.
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** A URL for an error: it may hold a password. */
export function withoutLogin(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//');
}
