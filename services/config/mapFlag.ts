// Owns `--map NAME=URL`: which public name leads to which origin.

import { parseExternalDomain, parseInternalHost } from '../../protocol/hostName.ts';
import { withoutLogin } from './logins.ts';
import { quoted } from './values.ts';
import { ConfigError } from './variables.ts';

/** A mapping asked for on the command line, for external port 443. */
export interface MapFlag {
  readonly externalDomain: string;
  readonly internalProtocol: 'http' | 'https';
  readonly internalHost: string;
  readonly internalPort: number;
  /** `https+insecure://`: the origin's certificate is not checked. */
  readonly allowInvalidCertificates: boolean;
}

/** The host is taken as typed: the URL parser would quietly read `127.1` as `127.0.0.1`. */
const TARGET = /^(https?|https\+insecure):\/\/(\[[^\]]*\]|[^\s/:?#@[\]]+)(?::(\d{1,5}))?\/?$/i;

/** Throws ConfigError naming the flag that is wrong. */
export function parseMapFlags(flags: readonly string[]): MapFlag[] {
  const maps = flags.map(parseMapFlag);
  const names = maps.map(({ externalDomain }) => externalDomain);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new ConfigError(`--map names ${twice} twice: keep one of them.`);
  return maps;
}

function parseMapFlag(flag: string): MapFlag {
  const equals = flag.indexOf('=');
  if (equals < 0) {
    throw new ConfigError(
      `--map must be NAME=URL, such as app.localhost=http://127.0.0.1:3000, not ${quoted(flag)}.`,
    );
  }
  const name = flag.slice(0, equals);
  const domain = parseExternalDomain(name);
  if ('problem' in domain) throw new ConfigError(`--map ${quoted(name)}: ${domain.problem}`);

  const url = flag.slice(equals + 1);
  const [, scheme = '', hostText = '', portText] = TARGET.exec(url) ?? [];
  if (hostText === '') {
    throw new ConfigError(
      `--map ${domain.host}: the target must be like http://127.0.0.1:3000 (http, https or https+insecure, a host, a port, no path), not ${quoted(withoutLogin(url))}.`,
    );
  }
  const host = parseInternalHost(hostText);
  if ('problem' in host) throw new ConfigError(`--map ${domain.host}: ${host.problem}`);
  const internalProtocol = scheme.toLowerCase() === 'http' ? 'http' : 'https';
  const internalPort = portText === undefined ? (internalProtocol === 'http' ? 80 : 443) : Number(portText);
  if (internalPort < 1 || internalPort > 65_535) {
    throw new ConfigError(`--map ${domain.host}: the target's port must be from 1 to 65535.`);
  }
  return {
    externalDomain: domain.host,
    internalProtocol,
    internalHost: host.host,
    internalPort,
    allowInvalidCertificates: scheme.toLowerCase() === 'https+insecure',
  };
}
