// What an origin is told about the way a request came: X-Forwarded-*, Forwarded, Via, and the visitor's own address.

import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { FlatHeaders } from '../../protocol/head.ts';
import { keepHeaders, membersOf, valuesOf } from '../../protocol/headers.ts';

/** The other end of a TCP connection. */
export interface Peer {
  /** IPv4 in IPv6 reads as IPv4. Empty when the socket has none any more. */
  readonly address: string;
  /** Its word on where a request came from is believed. */
  readonly isTrusted: boolean;
}

export interface ForwardedRequest {
  readonly peer: Peer;
  readonly hostLine: string;
  readonly httpVersion: string;
  /** As received: what proxies in front said is read here. */
  readonly rawHeaders: FlatHeaders;
}

export interface Forwarding {
  peerOf(remoteAddress: string | undefined): Peer;
  /** The right-most address that no trusted proxy has; the left-most when all are trusted. */
  addressOf(request: ForwardedRequest): string;
  /** The external port that the request came to, as our Caddy tells it; null when it did not. */
  portOf(request: ForwardedRequest): number | null;
  /** This gateway is in Via already (RFC 9110 §7.6.3). */
  isLoop(rawHeaders: FlatHeaders): boolean;
  /** `headers` with the way so far told once, by lines at their end. */
  tell(headers: FlatHeaders, request: ForwardedRequest): string[];
}

/** Lines that are ours to set. Applications that read headers as variables take `_` for `-`: so do we. */
const TOLD = new Set(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded']);

const PORT_LINE = 'x-forwarded-port';

/** The gateway itself speaks plain HTTP; a proxy in front says what the visitor spoke. */
const OWN_PROTO = 'http';

/** Addresses whose trust is remembered: reading one costs more than all else here. Raised: visitors fill more memory. */
const MAX_VERDICTS = 4_096;

type Range = ReturnType<typeof ipaddr.parseCIDR>;

export interface ForwardingOptions {
  /** CIDRs whose word is believed. */
  readonly trustedProxies: readonly string[];
  /** This gateway's name in Via: a token, and no other gateway's. */
  readonly pseudonym: string;
  /** A Caddy whose routes are ours tells X-Forwarded-Port. With any other proxy that line may be the visitor's own. */
  readonly isBehindCaddy: boolean;
}

export function createForwarding(options: ForwardingOptions): Forwarding {
  const { trustedProxies, pseudonym, isBehindCaddy } = options;
  const ranges = trustedProxies.map((cidr) => ipaddr.parseCIDR(cidr));
  const verdicts = new Map<string, boolean>();
  const isTrusted = (address: string) => {
    const known = verdicts.get(address);
    if (known !== undefined) return known;
    if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
    const verdict = address !== '' && isWithin(address, ranges);
    verdicts.set(address, verdict);
    return verdict;
  };

  return {
    peerOf(remoteAddress = '') {
      const address = normalAddress(remoteAddress) ?? '';
      return { address, isTrusted: isTrusted(address) };
    },

    addressOf({ peer, rawHeaders }) {
      let nearest = peer.address;
      let isBelieved = peer.isTrusted;
      for (const member of membersOf(rawHeaders, 'x-forwarded-for').reverse()) {
        const address = isBelieved ? normalAddress(member) : null;
        if (address === null) break;
        nearest = address;
        isBelieved = isTrusted(address);
      }
      return nearest;
    },

    portOf({ peer, rawHeaders }) {
      if (!isBehindCaddy || !peer.isTrusted) return null;
      const [told = '', ...more] = valuesOf(rawHeaders, PORT_LINE);
      return more.length === 0 && /^\d{1,5}$/.test(told) ? Number(told) : null;
    },

    isLoop: (rawHeaders) =>
      membersOf(rawHeaders, 'via').some((member) => member.split(/\s+/)[1] === pseudonym.toLowerCase()),

    tell(headers, { peer, hostLine, httpVersion, rawHeaders }) {
      // Where that line decides, an origin reads it from those only whom we believe.
      const isPortOurs = isBehindCaddy && !peer.isTrusted;
      const told = keepHeaders(headers, (name) => {
        const plain = name.replaceAll('_', '-');
        return !TOLD.has(plain) && !(isPortOurs && plain === PORT_LINE);
      });
      const heard = peer.isTrusted ? rawHeaders : [];
      const chain = listOf(heard, 'x-forwarded-for');
      const proto = listOf(heard, 'x-forwarded-proto') || OWN_PROTO;
      const host = listOf(heard, 'x-forwarded-host') || hostLine;
      const ownElement = element(peer.address, hostLine, OWN_PROTO);
      told.push('X-Forwarded-For', joined(chain, peer.address));
      told.push('X-Forwarded-Proto', proto, 'X-Forwarded-Host', host);
      told.push('Forwarded', joined(earlierElements(heard, chain, host, proto), ownElement));
      told.push('Via', `${httpVersion} ${pseudonym}`);
      return told;
    },
  };
}

/**
 * The elements before ours. A proxy that writes X-Forwarded-For (as Caddy does) lets a visitor's Forwarded through
 * unread: then only what the proxy itself wrote is believed, put into Forwarded's form (RFC 7239 §7.4).
 */
function earlierElements(heard: FlatHeaders, chain: string, host: string, proto: string): string {
  if (chain === '') return listOf(heard, 'forwarded');
  const [first = '', ...rest] = chain.split(',').map((member) => member.trim());
  return [element(first, host, proto), ...rest.map((member) => `for=${node(member)}`)].join(', ');
}

function element(address: string, host: string, proto: string): string {
  return `for=${node(address)};host=${quoted(host)};proto=${quoted(proto)}`;
}

/** A node identifier (RFC 7239 §6): IPv6 in brackets and quotes, `unknown` for what is no address. */
function node(member: string): string {
  const address = normalAddress(member);
  if (address === null) return 'unknown';
  return address.includes(':') ? `"[${address}]"` : address;
}

function quoted(value: string): string {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

function listOf(headers: FlatHeaders, lowerName: string): string {
  return valuesOf(headers, lowerName)
    .filter((value) => value !== '')
    .join(', ');
}

function joined(earlier: string, own: string): string {
  return earlier === '' ? own : `${earlier}, ${own}`;
}

/** One spelling per address: without port, brackets and zone, IPv4 in IPv6 as IPv4. Null for what is no address. */
function normalAddress(text: string): string | null {
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  const version = isIP(bare);
  if (version === 4) return bare;
  return version === 0 ? null : ipaddr.process(bare.split('%')[0] ?? '').toString();
}

function isWithin(address: string, ranges: readonly Range[]): boolean {
  const parsed = ipaddr.parse(address);
  return ranges.some((range) => parsed.kind() === range[0].kind() && parsed.match(range));
}
