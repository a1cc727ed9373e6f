// Owns what hosts may look like in a setting: names, addresses, with a port or without, alone or listed.

import { isIP } from 'node:net';
import { parseExternalDomain, parseInternalHost } from '../../protocol/hostName.ts';
import { items, notGiven, variable, type Parsed } from './values.ts';

/** A public host name in its stored form. */
export function hostNameValue() {
  return variable((text) => {
    const parsed = parseExternalDomain(text.trim());
    return 'host' in parsed ? { value: parsed.host } : { problem: `is not a host name. ${parsed.problem}` };
  });
}

/** A host name or an address, without a port. */
export function hostValue() {
  return variable((text) => {
    const parsed = parseInternalHost(text.trim());
    return 'host' in parsed ? { value: parsed.host } : { problem: `is not a host. ${parsed.problem}` };
  });
}

/** What can be listened on: an address, with its zone where it needs one, or a name of this machine. */
export function listenHostValue() {
  return variable((text) => {
    const bare = text.trim().replace(/^\[(.*)\]$/s, '$1');
    if (isIP(bare) !== 0) return { value: bare };
    const parsed = parseInternalHost(bare);
    if ('host' in parsed) return { value: parsed.host };
    return {
      problem: `must be an address or a host name alone, such as 127.0.0.1, ::1 or localhost${notGiven(text)}.`,
    };
  });
}

/** A comma-separated list of host names or addresses, each in its stored form. */
export function hostsValue() {
  return variable(parseHosts);
}

/** `gateway:5000`, `10.0.0.2:5000` or `[fd00::1]:5000`, in its stored form. */
export function upstreamValue() {
  return variable(parseUpstream);
}

/** A comma-separated list of addresses, each with a port or without: `1.1.1.1`, `127.0.0.1:5353`, `[::1]:53`. */
export function dnsServersValue() {
  return variable(parseDnsServers);
}

function parseHosts(text: string): Parsed<string[]> {
  const hosts: string[] = [];
  for (const item of items(text)) {
    const parsed = parseInternalHost(item);
    if ('problem' in parsed) {
      return {
        problem: `must be a comma-separated list of host names such as nas.local, without scheme and port${notGiven(item)}.`,
      };
    }
    hosts.push(parsed.host);
  }
  return { value: hosts };
}

function parseUpstream(text: string): Parsed<string> {
  const [, hostText = '', portText = ''] = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(text.trim()) ?? [];
  const parsed = parseInternalHost(hostText);
  const port = Number(portText);
  if ('problem' in parsed || port < 1 || port > 65_535) {
    return { problem: `must be a host and a port, such as gateway:5000 or [fd00::1]:5000${notGiven(text)}.` };
  }
  return { value: `${parsed.host.includes(':') ? `[${parsed.host}]` : parsed.host}:${port}` };
}

function parseDnsServers(text: string): Parsed<string[]> {
  const listed = items(text);
  const wrong = listed.find((item) => !isServer(item));
  if (wrong === undefined) return { value: listed };
  return {
    problem: `must be a comma-separated list of addresses such as 1.1.1.1 or [::1]:5353${notGiven(wrong)}.`,
  };
}

function isServer(item: string): boolean {
  if (isIP(item) !== 0) return !item.includes('%');
  const [, ipv4, ipv6, port = ''] = /^(?:([\d.]+)|\[([^\]%]+)\])(?::(\d{1,5}))?$/.exec(item) ?? [];
  const isAddress = ipv4 === undefined ? isIP(ipv6 ?? '') === 6 : isIP(ipv4) === 4;
  return isAddress && (port === '' || (Number(port) >= 1 && Number(port) <= 65_535));
}
