// Owns which variables of the environment nobody reads, and which ones were probably meant.

import { PREFIX } from './names.ts';
import { nearMiss } from './nearest.ts';
import { fileVariables } from './settings.ts';
import type { Variables } from './variables.ts';

export interface Misspelt {
  readonly variable: string;
  readonly meant: string;
}

/** Read by others than the settings: the command line, the launcher. */
const NO_SETTINGS = ['OCTOPORTY_CONFIG_FILE', 'OCTOPORTY_LAUNCHER'];

/**
 * Variables that begin as ours do, are none of ours, and are nearly one. Environments are shared: what is far from any of
 * ours may belong to a newer version, or to somebody else. An empty one counts as absent.
 */
export function misspelt(environment: Variables): Misspelt[] {
  const known = [...fileVariables(), ...NO_SETTINGS];
  // Windows takes names in any letters.
  const isKnown = (name: string) => known.includes(process.platform === 'win32' ? name.toUpperCase() : name);
  return Object.entries(environment).flatMap(([variable, text]) => {
    if (!variable.toUpperCase().startsWith(PREFIX) || isKnown(variable) || !text) return [];
    // Kubernetes tells the addresses of services so, under names that they choose.
    if (/^(tcp|udp|sctp):\/\//.test(text)) return [];
    const meant = nearMiss(variable, known);
    return meant === undefined ? [] : [{ variable, meant }];
  });
}

export function wordsOfMisspelt({ variable, meant }: Misspelt): string {
  return `${variable} is none of our variables and has no effect: did you mean ${meant}?`;
}
