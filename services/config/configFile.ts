// Owns where the configuration file is, and its bytes.

import { closeSync, fstatSync, lstatSync, openSync, readFileSync, statSync } from 'node:fs';
import type { ReadConfigFile } from './configText.ts';
import { utf8Of } from './utf8.ts';
import { ConfigError, reasonOf } from './variables.ts';

/** Looked for in the working directory when nobody names a file; the first one that is there counts. */
export const USUAL_FILES = ['octoporty.json', 'octoporty.yaml', 'octoporty.yml'] as const;

/** Some 20,000 mappings fit. Raised: a file that was meant for something else keeps the start waiting for many seconds. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;

/** The file that is named, else a usual one; null when there is none. Rejects with ConfigError when it cannot be read. */
export async function readConfigFile(named: NamedFile | null): Promise<ReadConfigFile | null> {
  const path = named?.path ?? USUAL_FILES.find((name) => isThere(name));
  if (path === undefined) return null;
  const { text, mode } = readWithMode(path, named?.label ?? 'The configuration file');
  // Loading YAML is a tenth of what a short command costs: whoever has no file, as most containers, is spared it.
  const { parseConfigText } = await import('./configText.ts');
  return parseConfigText(path, text, mode);
}

export interface NamedFile {
  readonly path: string;
  /** Who has named it: the flag or the variable. */
  readonly label: string;
}

/** Throws the first thing wrong in the file as a ConfigError. */
export function whole(file: ReadConfigFile | null): ReadConfigFile | null {
  const [first] = file?.problems ?? [];
  if (first !== undefined) throw new ConfigError(first.says, { setting: first.setting });
  return file;
}

/** A link that leads nowhere is there: nobody would have made it to be passed over. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function readWithMode(path: string, label: string): { text: string; mode: number } {
  if (path === '') throw new ConfigError(`${label} names no file: give its path.`);
  try {
    // Before it is opened: to open a pipe is to wait for its writer.
    const found = statSync(path);
    if (!found.isFile()) throw new ConfigError(`${label}: ${path} is no file.`);
    if (found.size > MAX_FILE_BYTES) {
      throw new ConfigError(
        `${label}: ${path} is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB, which no configuration is.`,
      );
    }
    const file = openSync(path, 'r');
    try {
      // Windows has no such modes: what it tells says nothing about who may read.
      const mode = process.platform === 'win32' ? 0 : fstatSync(file).mode;
      const text = utf8Of(readFileSync(file));
      if (text === null) throw new ConfigError(`${label}: ${path} is not plain text: save it as UTF-8.`);
      return { text, mode };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${label}: cannot read ${path} (${reasonOf(error)}).`);
  }
}
