// Owns `--map NAME=URL` and the file's `mappings`: which public name leads to which origin.

import { parseExternalDomain, parseInternalHost } from '../../protocol/hostName.ts';
import type { ReadConfigFile } from './configText.ts';
import { notThis, withoutLogin } from './logins.ts';
import { quoted } from './values.ts';
import { ConfigError } from './variables.ts';

/** A mapping asked for on the command line or in the file, for external port 443. */
export interface MapFlag {
  readonly externalDomain: string;
  readonly internalProtocol: 'http' | 'https';
  readonly internalHost: string;
  readonly internalPort: number;
  /** `https+insecure://`: the origin's certificate is not checked. */
  readonly allowInvalidCertificates: boolean;
}

/** What the file calls the mappings to publish. */
export const MAPPINGS_KEY = 'mappings';

/** The host is taken as typed: the URL parser would quietly read `127.1` as `127.0.0.1`. */
const TARGET = /^(https?|https\+insecure):\/\/(\[[^\]]*\]|[^\s/:?#@[\]]+)(?::(\d{1,5}))?\/?$/i;

/** Throws ConfigError naming the flag that is wrong. */
export function parseMapFlags(flags: readonly string[]): MapFlag[] {
  return parseMaps(flags.map(askedByFlag));
}

/** What the file maps, a flag for the same name winning. Throws ConfigError naming the flag or the line that is wrong. */
export function mapsOf(flags: readonly string[], file: MapFile | null): MapFlag[] {
  const byFlags = parseMapFlags(flags);
  const byFile = parseMaps(file === null ? [] : askedByFile(file));
  const isOverruled = ({ externalDomain }: MapFlag) =>
    byFlags.some((flag) => flag.externalDomain === externalDomain);
  return [...byFile.filter((map) => !isOverruled(map)), ...byFlags];
}

/** What is asked for, not yet understood. */
export interface AskedMap {
  /** The flag, or the file with the line. */
  readonly place: string;
  /** How an error begins that is about it. */
  readonly label: string;
  readonly name: string;
  readonly url: string;
}

export function askedByFile({ path, mappings }: MapFile): AskedMap[] {
  return mappings.map(({ name, url, line }) => {
    const place = `${path}:${line}`;
    return { place, label: `${place}: ${MAPPINGS_KEY}`, name, url };
  });
}

export function askedByFlag(flag: string): AskedMap {
  const equals = flag.indexOf('=');
  if (equals < 0) {
    throw new ConfigError(
      `--map must be NAME=URL, such as app.localhost=http://127.0.0.1:3000, not ${quoted(withoutLogin(flag))}.`,
    );
  }
  return { place: '--map', label: '--map', name: flag.slice(0, equals), url: flag.slice(equals + 1) };
}

type MapFile = Pick<ReadConfigFile, 'path' | 'mappings'>;

function parseMaps(asked: readonly AskedMap[]): MapFlag[] {
  const names = new Set<string>();
  return asked.map((each) => {
    const map = parseMap(each);
    if (names.has(map.externalDomain))
      throw new ConfigError(`${each.label} names ${map.externalDomain} twice: keep one of them.`);
    names.add(map.externalDomain);
    return map;
  });
}

/** Throws ConfigError. */
export function parseMap({ label, name, url }: AskedMap): MapFlag {
  const domain = parseExternalDomain(name);
  if ('problem' in domain) throw new ConfigError(`${label} ${quoted(name)}: ${domain.problem}`);

  const [, scheme = '', hostText = '', portText] = TARGET.exec(url) ?? [];
  if (hostText === '') {
    throw new ConfigError(
      `${label} ${domain.host}: the target must be like http://127.0.0.1:3000 (http, https or https+insecure, a host, a port, no path)${notThis(url)}.`,
    );
  }
  const host = parseInternalHost(hostText);
  if ('problem' in host) throw new ConfigError(`${label} ${domain.host}: ${host.problem}`);
  const internalProtocol = scheme.toLowerCase() === 'http' ? 'http' : 'https';
  const internalPort = portText === undefined ? (internalProtocol === 'http' ? 80 : 443) : Number(portText);
  if (internalPort < 1 || internalPort > 65_535) {
    throw new ConfigError(`${label} ${domain.host}: the target's port must be from 1 to 65535.`);
  }
  return {
    externalDomain: domain.host,
    internalProtocol,
    internalHost: host.host,
    internalPort,
    allowInvalidCertificates: scheme.toLowerCase() === 'https+insecure',
  };
}
