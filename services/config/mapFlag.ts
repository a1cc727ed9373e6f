// Owns `--map NAME=URL` and the file's `mappings`: which public name leads to which origin.

import { parseExternalDomain, parseInternalHost } from '../../protocol/hostName.ts';
import type { ReadConfigFile } from './configText.ts';
import { notThis, shownUrl } from './logins.ts';
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
  return mapsOf(flags, null);
}

/** What the file maps, a flag for the same name winning. Throws ConfigError naming the flag or the line that is wrong. */
export function mapsOf(flags: readonly string[], file: MapFile | null): MapFlag[] {
  return readMaps(flags, file).map((read) => {
    if ('error' in read) throw read.error;
    return read.map;
  });
}

/** A mapping that is asked for, and what became of it. */
export type ReadMap = AskedFor & ({ readonly map: MapFlag } | { readonly error: ConfigError });

interface AskedFor {
  /** `--map`, or the file with the line. */
  readonly place: string;
  /** For people; null where it may hold a login, or is none. */
  readonly shownName: string | null;
  readonly shownUrl: string | null;
}

/** Those of the file that no flag overrules, then those of `--map`, whatever is wrong with them. */
export function readMaps(flags: readonly string[], file: MapFile | null): ReadMap[] {
  const byFlag = flags.map(askedByFlag);
  const flagged = new Set(byFlag.map(domainOf).filter((domain) => domain !== null));
  const byFile = (file === null ? [] : askedByFile(file)).filter((asked) => {
    const domain = domainOf(asked);
    return domain === null || !flagged.has(domain);
  });
  const firsts = new Map<string, AskedMap>();
  return [...byFile, ...byFlag].map((asked) => readMap(asked, firsts));
}

/** What is asked for, not yet understood. */
interface AskedMap {
  readonly place: string;
  /** How an error begins that is about it. */
  readonly label: string;
  /** Null where it is no NAME=URL. */
  readonly name: string | null;
  readonly url: string;
}

type MapFile = Pick<ReadConfigFile, 'path' | 'mappings'>;

function askedByFile({ path, mappings }: MapFile): AskedMap[] {
  return mappings.map(({ name, url, line }) => {
    const place = `${path}:${line}`;
    return { place, label: `${place}: ${MAPPINGS_KEY}`, name, url };
  });
}

function askedByFlag(flag: string): AskedMap {
  const [, name = null, url = flag] = /^([^=]*)=(.*)$/s.exec(flag) ?? [];
  // Without a name, the first "=" may stand in a login.
  const isPair = name !== null && (!flag.includes('@') || !/[@:/]/.test(name));
  return { place: '--map', label: '--map', name: isPair ? name : null, url: isPair ? url : flag };
}

function domainOf({ name }: AskedMap): string | null {
  const domain = parseExternalDomain(name ?? '');
  return 'host' in domain ? domain.host : null;
}

/** `firsts`: what came before, by its public name. */
function readMap(asked: AskedMap, firsts: Map<string, AskedMap>): ReadMap {
  const { place, name, url } = asked;
  const shown = {
    place,
    shownName: name === null ? null : safely(name),
    shownUrl: name === null ? null : shownUrl(url),
  };
  try {
    const map = parseMap(asked);
    const first = firsts.get(map.externalDomain);
    if (first !== undefined) throw twice(map.externalDomain, asked, first);
    firsts.set(map.externalDomain, asked);
    return { ...shown, map };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { ...shown, error };
  }
}

function twice(domain: string, { label, place, name }: AskedMap, first: AskedMap): ConfigError {
  const where = first.place === place ? '' : `, first at ${first.place}`;
  const why =
    first.name === name
      ? ''
      : ` (${quoted(first.name ?? '')} and ${quoted(name ?? '')} are the same name to visitors)`;
  return new ConfigError(`${label} names ${domain} twice${where}: keep one of them${why}.`);
}

/** Throws ConfigError. */
function parseMap({ label, name, url }: AskedMap): MapFlag {
  if (name === null) {
    const given = url.includes('@') ? '' : `, not ${quoted(url)}`;
    throw new ConfigError(`${label} must be NAME=URL, such as app.localhost=http://127.0.0.1:3000${given}.`);
  }
  const domain = parseExternalDomain(name);
  if ('problem' in domain) {
    const shown = safely(name);
    throw new ConfigError(`${label}${shown === null ? '' : ` ${quoted(shown)}`}: ${domain.problem}`);
  }

  const [, scheme = '', hostText = '', portText] = TARGET.exec(url) ?? [];
  if (hostText === '') {
    const how = url.includes('@')
      ? 'a host, a port, and no user name or password: visitors log in themselves)'
      : `a host, a port, no path)${notThis(url)}`;
    throw new ConfigError(
      `${label} ${domain.host}: the target must be like http://127.0.0.1:3000 (http, https or https+insecure, ${how}.`,
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

/** A name for people; null where it may hold a login. */
function safely(name: string): string | null {
  return name.includes('@') ? null : name;
}
