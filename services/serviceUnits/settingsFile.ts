// Owns the file of settings that a person gives: NAME=value lines, for one service or for both.

import { readFileSync, statSync } from 'node:fs';
import { nearest } from '../config/nearest.ts';
import { isSecret, SETTINGS } from '../config/settings.ts';
import { reasonOf, type ConfigFile } from '../config/variables.ts';
import { parseEnvText } from './envText.ts';
import { isProxyVariable } from './proxies.ts';
import { SetUpError } from './setUp.ts';

/** Not `--env-file`: Node looks for that one itself, behind the name of a script as well, and ends when there is no such file. */
export const SETTINGS_FLAG = '--settings';

/** All settings take some 10 KiB. Raised: a file that was meant for something else is read for seconds before it is refused. */
const MAX_BYTES = 1024 * 1024;

/** Throws SetUpError for what cannot be read, and for the first line that is wrong. */
export function readSettingsFile(path: string): ConfigFile {
  // Some editors begin a file with a mark that nobody sees.
  const values = parseEnvText(path, textOf(path).replace(/^\uFEFF/, ''));
  const known = Object.keys({ ...SETTINGS.gateway, ...SETTINGS.agent });
  for (const [name, { line }] of values) {
    if (known.includes(name) || isProxyVariable(name) || isSecretFile(name)) continue;
    const near = nearest(name, known);
    const advice = near === undefined ? '' : `; the nearest is ${near}`;
    throw new SetUpError(`${path}:${line}: there is no setting ${name}${advice}.`);
  }
  return { path, values };
}

function textOf(path: string): string {
  const refuse = (why: string, cause?: unknown) =>
    new SetUpError(`${SETTINGS_FLAG}: ${why}.`, cause === undefined ? {} : { cause });
  if (path === '') throw refuse('name a file');
  try {
    const found = statSync(path);
    if (found.isDirectory()) throw refuse(`${path} is a folder, and no file of NAME=value lines`);
    // What a shell hands over by <(…) is one, too.
    if (!found.isFile() && !found.isFIFO()) throw refuse(`${path} is no file of NAME=value lines`);
    if (found.size > MAX_BYTES) throw refuse(`${path} is larger than all settings together could be`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof SetUpError) throw error;
    const reason = reasonOf(error);
    if (reason === 'ENOENT') throw refuse(`there is no file ${path}`, error);
    if (reason === 'EACCES') throw refuse(`${path} may not be read by this user`, error);
    throw refuse(`cannot read ${path} (${reason})`, error);
  }
}

function isSecretFile(name: string): boolean {
  return name.endsWith('_FILE') && isSecret(name.slice(0, -'_FILE'.length));
}
