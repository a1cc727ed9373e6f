// Owns the three names of a setting: variable, flag and key; and which settings are special by their name.

/** May come as `NAME_FILE`, the path of a file that holds the value. Their values never appear in an error. */
const SECRETS: ReadonlySet<string> = new Set([
  'OCTOPORTY_AUTH_SECRET',
  'OCTOPORTY_AUTH_SECRET_PREVIOUS',
  'OCTOPORTY_STATUS_TOKEN',
  'OCTOPORTY_UI_PASSWORD',
  'OCTOPORTY_CONNECTION_STRING',
]);

/** Set and empty, these mean "none" instead of their default. */
const EMPTY_MEANS_NONE: ReadonlySet<string> = new Set(['OCTOPORTY_TRUSTED_PROXIES']);

const PREFIX = 'OCTOPORTY_';

export function isSecret(variable: string): boolean {
  return SECRETS.has(variable);
}

export function isEmptyMeant(variable: string): boolean {
  return EMPTY_MEANS_NONE.has(variable);
}

/** `OCTOPORTY_LISTEN_PORT` to `listenPort`, as the configuration file has it. */
export function keyOf(variable: string): string {
  const words = variable.slice(PREFIX.length).toLowerCase();
  return words.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** `OCTOPORTY_LISTEN_PORT` to `--listen-port`. */
export function flagOf(variable: string): string {
  return `--${variable.slice(PREFIX.length).toLowerCase().replaceAll('_', '-')}`;
}

/** `listenPort`, as a file has it and the command line's parser names a flag, to `OCTOPORTY_LISTEN_PORT`. */
export function variableOf(key: string): string {
  return PREFIX + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
