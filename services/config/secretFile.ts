// Owns the files that hold one secret each: what is in them, and what is wrong with them without a word of it.

import { readFileSync, statSync } from 'node:fs';
import { utf8Of } from './utf8.ts';

/** Many times the longest that people use. Raised: a file that is meant for something else is read whole at each start. */
const MAX_SECRET_FILE_BYTES = 64 * 1024;

/** The secret without the last line end, be it one line or several, or a sentence that repeats nothing of it. */
export type ReadSecret = { readonly text: string } | { readonly problem: string };

/** Throws the error of the file system. */
export function readSecretFile(path: string): ReadSecret {
  const problem = unfit(path);
  if (problem !== null) return { problem };
  const text = utf8Of(readFileSync(path));
  if (text === null || text.includes('\0'))
    return { problem: `${path} is not plain text: save it as UTF-8, with the value alone in it.` };
  if (text.startsWith('\uFEFF'))
    return { problem: `${path} begins with a byte order mark: save it as UTF-8 without one.` };
  const secret = text.replace(/\r?\n$/, '');
  return secret === '' ? { problem: `${path} is empty: write the value into it.` } : { text: secret };
}

/** Null where it may be read. */
function unfit(path: string): string | null {
  const found = statSync(path);
  if (found.isDirectory()) return `${path} is a folder: name the file in it.`;
  // A pipe is fine: shells make one of what a program prints. Others (/dev/zero) may never end.
  if (!found.isFile() && !found.isFIFO()) return `${path} is no file.`;
  if (found.size <= MAX_SECRET_FILE_BYTES) return null;
  return `${path} is larger than ${MAX_SECRET_FILE_BYTES / 1024} KiB, which no secret is: name another file.`;
}
