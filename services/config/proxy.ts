// Owns the way to the gateway through a forward proxy, as the environment of most programs names it.

import ipaddr from 'ipaddr.js';
import { notThis } from './logins.ts';
import { isLoopback } from './values.ts';
import { ConfigError, type Variables } from './variables.ts';

export interface Proxy {
  /** `http://` or `https://`, with its login. */
  readonly url: string;
  /** The variable that names it. */
  readonly variable: string;
}

/**
 * The proxy that HTTPS_PROXY (for `ws://`: HTTP_PROXY) or ALL_PROXY asks for, unless NO_PROXY leaves the gateway out;
 * never one for this machine itself. Throws ConfigError when it is none that we can go through.
 */
export function proxyFor(gatewayUrl: string, environment: Variables): Proxy | null {
  const gateway = new URL(gatewayUrl);
  const host = bareHost(gateway.hostname);
  if (isLoopback(host)) return null;
  const isEncrypted = gateway.protocol === 'wss:';
  const port = gateway.port === '' ? (isEncrypted ? 443 : 80) : Number(gateway.port);
  const exempt = (environment.no_proxy || environment.NO_PROXY || '').toLowerCase();
  if (exempt.split(/[\s,]+/).some((entry) => isNamed(entry, host, port))) return null;
  const names = [isEncrypted ? 'https_proxy' : 'http_proxy', 'all_proxy'];
  const variable = names.flatMap((name) => [name, name.toUpperCase()]).find((name) => environment[name]);
  return variable === undefined
    ? null
    : { url: parseProxy(environment[variable] ?? '', variable, host), variable };
}

function parseProxy(text: string, variable: string, host: string): string {
  const url = text.includes('://') ? text : `http://${text}`;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && ['http:', 'https:'].includes(parsed.protocol) && parsed.hostname !== '') return url;
  throw new ConfigError(
    `${variable} must name an HTTP proxy, such as http://proxy.example.com:3128${notThis(url)}; to go without it, set NO_PROXY=${host}.`,
  );
}

/** Whether an entry of NO_PROXY means this host: by its name or one above it, its address or network, its port or any. */
function isNamed(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  const [, inBrackets, plain = '', ownPort] = /^(?:\[([^\]]*)\]|(.*?))(?::(\d+))?$/.exec(entry) ?? [];
  // Without brackets, an IPv6 address ends like a port.
  const isAddress = ipaddr.isValid(entry) || ipaddr.isValidCIDR(entry);
  if (!isAddress && ownPort !== undefined && Number(ownPort) !== port) return false;
  const name = isAddress ? entry : (inBrackets ?? plain).replace(/^\*?\./, '');
  if (name === '') return false;
  if (ipaddr.isValid(host)) return isNetworkOf(name, host);
  return host === name || host.endsWith(`.${name}`);
}

function isNetworkOf(name: string, host: string): boolean {
  const address = ipaddr.process(host);
  if (ipaddr.isValid(name)) return ipaddr.process(name).toString() === address.toString();
  if (!ipaddr.isValidCIDR(name)) return false;
  const [network, bits] = ipaddr.parseCIDR(name);
  return network.kind() === address.kind() && address.match(network, bits);
}

function bareHost(host: string): string {
  return host
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
}
