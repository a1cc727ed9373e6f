// Owns what a command takes its settings from: its flags, with the environment and the configuration file.

import { whole } from './config/configFile.ts';
import { misspelt, wordsOfMisspelt } from './config/misspelt.ts';
import { variableOf } from './config/names.ts';
import { readSources, type ReadSources } from './config.ts';
import type { Log } from './log.ts';

/** What commander hands over; every flag without a name here is text for the variable of its name. */
export interface Flags {
  readonly [text: string]: unknown;
  readonly config?: string;
  readonly map?: readonly string[];
  readonly demo?: boolean;
  readonly caddy?: boolean;
  readonly json?: boolean;
}

/** Rejects with ConfigError when the configuration file cannot be read, or anything in it is wrong. */
export async function sourcesOf(flags: Flags): Promise<ReadSources> {
  const sources = await givenSources(flags);
  whole(sources.file);
  return sources;
}

/** The same, whatever is wrong in the file. Rejects with ConfigError when it cannot be read. */
export function givenSources({ config, ...flags }: Flags): Promise<ReadSources> {
  const texts = Object.entries(flags).flatMap(([flag, value]) =>
    typeof value === 'string' ? [[variableOf(flag), value] as const] : [],
  );
  return readSources(Object.fromEntries(texts), config);
}

export function sayWhatWasRead(log: Log, { file, environment = {} }: ReadSources): void {
  if (file !== null) log.debug({ file: file.path }, 'The configuration file was read.');
  for (const found of misspelt(environment)) log.warn(found, wordsOfMisspelt(found));
}
