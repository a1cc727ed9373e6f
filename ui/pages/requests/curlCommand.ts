// A request as a command line: what may come from strangers is quoted, and reaches curl as it was.

import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { publicUrl, rootFile } from '../../format/addresses.ts';

/** Methods that carry a body: curl is told to send an empty one, since the log keeps none. */
const WITH_BODY = ['POST', 'PUT', 'PATCH'];

/** For a POSIX shell. */
export function curlCommand(
  { method, path }: Pick<RequestLogEntry, 'method' | 'path'>,
  address: { readonly externalDomain: string; readonly externalPort: number },
): string {
  const words = ['curl'];
  const root = rootFile();
  if (root !== null) words.push('--cacert', quoted(root));
  if (method === 'HEAD') words.push('--head');
  else if (method !== 'GET') words.push('--request', quoted(method));
  if (WITH_BODY.includes(method)) words.push('--data', "''");
  const isPath = path.startsWith('/');
  // curl would take dots away and read brackets and braces as patterns.
  if (/\/\.{1,2}(\/|$)/.test(path)) words.push('--path-as-is');
  if (/[[\]{}]/.test(path)) words.push('--globoff');
  // RFC 9112 §3.2: `*` and a whole URL are targets too.
  if (!isPath) words.push('--request-target', quoted(safe(path)));
  const url = publicUrl(address);
  words.push(quoted(isPath ? url + safe(path).slice(1) : url));
  return words.join(' ');
}

/** What no path has and a terminal might act upon, or curl would take for the end of the path, as percent codes. */
function safe(path: string): string {
  return path.replaceAll(/[\u0000-\u0020#?\u007f-\u009f\u2028\u2029]/g, (character) =>
    encodeURIComponent(character),
  );
}

/** Between single quotes a POSIX shell changes nothing; a quote ends them, stands escaped, and begins them again. */
function quoted(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
