// Owns the three names of a setting: its variable, its flag and its key in a configuration file.

/** What the names of all our variables begin with. */
export const PREFIX = 'OCTOPORTY_';

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
