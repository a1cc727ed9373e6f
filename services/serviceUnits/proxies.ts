// Owns how a service comes to its proxy: by the variables of most programs, which its file then has.

import type { Service } from '../config.ts';
import { shownUrl } from '../config/logins.ts';
import type { ConfigSources, Variables } from '../config/variables.ts';

const NAMES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY'];

/** In small letters, too: then they win over the same in large ones. */
export function isProxyVariable(name: string): boolean {
  return NAMES.includes(name) || NAMES.includes(name.toUpperCase());
}

/**
 * What the strongest source says of each, under its large name: the environment, the file that is given, what was
 * installed. Only an agent dials.
 */
export function proxiesOf(
  service: Service,
  { environment = {}, file, defaults = {} }: ConfigSources,
): Variables {
  if (service === 'gateway') return {};
  const inFile: Variables = Object.fromEntries(
    [...(file?.values ?? [])].map(([name, { text }]) => [name, text]),
  );
  const found = NAMES.flatMap((name) => {
    const texts = [environment, inFile, defaults].map((layer) => layer[name.toLowerCase()] || layer[name]);
    const text = texts.find((each) => each !== undefined && each !== '');
    return text === undefined ? [] : [[name, text] as const];
  });
  return Object.fromEntries(found);
}

/** The same names in small letters: beside the large ones they would win. */
export function outdatedBy(proxies: Variables): string[] {
  return Object.keys(proxies).map((name) => name.toLowerCase());
}

/** A proxy without its login; empty where none of it may be shown. */
export function shownProxy(name: string, text: string): string {
  return name.toUpperCase() === 'NO_PROXY' ? text : (shownUrl(text) ?? '');
}
