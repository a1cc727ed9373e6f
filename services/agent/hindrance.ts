// What the system or SQLite has against a file of a backup, by what a person can do about it.

import { ConfigError } from '../config/variables.ts';
import { primaryCode } from './store/whileBusy.ts';

export type Hindrance =
  | 'missing'
  | 'notFolder'
  | 'denied'
  | 'readOnly'
  | 'full'
  | 'tooLong'
  /** SQLite cannot open it, or not write what it keeps beside it. */
  | 'closed'
  | 'busy'
  | 'damaged'
  | 'noDatabase';

/** What is wrong and what to do about it: the second half of a sentence. */
export type Words = Readonly<Partial<Record<Hindrance, string>>>;

const OF_SYSTEM: ReadonlyMap<unknown, Hindrance> = new Map([
  ['ENOENT', 'missing'],
  ['ENOTDIR', 'notFolder'],
  ['EEXIST', 'notFolder'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['EROFS', 'readOnly'],
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['ENAMETOOLONG', 'tooLong'],
]);

/** By primary result code (sqlite.org/rescode.html). */
const OF_SQLITE: ReadonlyMap<number | undefined, Hindrance> = new Map([
  [5, 'busy'],
  [8, 'closed'],
  [11, 'damaged'],
  [13, 'full'],
  [14, 'closed'],
  [26, 'noDatabase'],
]);

/** `what` is the first half: what cannot be done. An error of neither is a fault of ours, and answered as it is. */
export function hindered(error: unknown, what: string, words: Words): unknown {
  if (!(error instanceof Error && ('syscall' in error || 'errcode' in error))) return error;
  const hindrance =
    OF_SQLITE.get(primaryCode(error)) ?? OF_SYSTEM.get('code' in error ? error.code : undefined);
  const says = hindrance === undefined ? undefined : words[hindrance];
  return new ConfigError(`${what}: ${says ?? error.message}.`, { cause: error });
}
