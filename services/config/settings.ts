// Owns which settings each service has, and what is true of a setting by its name.

import { AGENT_SETTINGS } from './agentSettings.ts';
import { COMMON_SETTINGS } from './commonSettings.ts';
import { GATEWAY_SETTINGS } from './gatewaySettings.ts';
import { KINDS, type Settings } from './setting.ts';
import { UP_SETTINGS } from './upSettings.ts';

/** What can be configured: the two services, and both in one process. */
export type Configurable = 'gateway' | 'agent' | 'up';

/** Of both services and of `octoporty up`, each once. */
export const ALL_SETTINGS: Settings = {
  ...COMMON_SETTINGS,
  ...GATEWAY_SETTINGS,
  ...AGENT_SETTINGS,
  ...UP_SETTINGS,
};

/** `octoporty up` dials the gateway beside it: nobody tells it where that is. */
const { OCTOPORTY_GATEWAY_URL: _, ...ALL_OF_UP } = ALL_SETTINGS;

/** The settings of each, in the order in which people read them. */
export const SETTINGS: Readonly<Record<Configurable, Settings>> = {
  gateway: { ...COMMON_SETTINGS, ...GATEWAY_SETTINGS },
  agent: { ...COMMON_SETTINGS, ...AGENT_SETTINGS },
  up: ALL_OF_UP,
};

/** Set and empty, these mean "none" instead of their default. */
const EMPTY_MEANS_NONE: ReadonlySet<string> = new Set(['OCTOPORTY_TRUSTED_PROXIES']);

/** The variables that a configuration file may set, `NAME_FILE` of secrets among them. */
export function fileVariables(): string[] {
  return Object.keys(ALL_SETTINGS).flatMap((name) => (isSecret(name) ? [name, `${name}_FILE`] : [name]));
}

/** May come as `NAME_FILE`, the path of a file that holds the value. Never shown, neither in an error nor in a report. */
export function isSecret(name: string): boolean {
  return ALL_SETTINGS[name]?.about.takes === 'secret';
}

export function isEmptyMeant(name: string): boolean {
  return EMPTY_MEANS_NONE.has(name);
}

/** Names a file or folder, which a configuration file may give relative to itself. */
export function isPath(name: string): boolean {
  return (
    ALL_SETTINGS[name]?.about.takes === 'path' || (name.endsWith('_FILE') && ALL_SETTINGS[name] === undefined)
  );
}

/** Takes several values. */
export function isList(name: string): boolean {
  const takes = ALL_SETTINGS[name]?.about.takes;
  return takes !== undefined && KINDS[takes].isList;
}
