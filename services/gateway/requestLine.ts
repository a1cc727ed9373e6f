// How a request line was spaced: the one thing that Node's parser reads and does not tell.

import type { IncomingMessage } from 'node:http';

/** What Node's parser has of its own, and no type declares: the bytes of the read it is in the middle of. */
interface ReadingParser {
  getCurrentBuffer(): Buffer;
}

/**
 * True when more than one blank stands before or behind the target. A recipient may be that lenient, but where another
 * one reads the same bytes, leniency is how requests are smuggled (RFC 9112 §3). To be asked from inside the parser's
 * own events: then the line is at hand, unless it came in pieces. One in pieces passes; an origin never sees its blanks,
 * because the request line is written anew. What came in the same read counts too, as the next of a pipeline would.
 */
export function isLooselySpaced({ socket, method = '', url = '' }: IncomingMessage): boolean {
  const parser: unknown = 'parser' in socket ? socket.parser : null;
  if (!isReading(parser)) return false;
  const bytes = parser.getCurrentBuffer().toString('latin1');
  if (!bytes.includes(`${method}  `) && !bytes.includes('  HTTP/1.')) return false;
  return bytes.split('\n').some((line) => isLooseForm(line, method, url));
}

/** A line of this very request, but for its blanks. */
function isLooseForm(line: string, method: string, url: string): boolean {
  const [first, second, third = ''] = line.split(/ +/);
  const isOurs = first === method && second === url && third.startsWith('HTTP/1.');
  return isOurs && !line.startsWith(`${method} ${url} HTTP/1.`);
}

function isReading(parser: unknown): parser is ReadingParser {
  return (
    typeof parser === 'object' &&
    parser !== null &&
    'getCurrentBuffer' in parser &&
    typeof parser.getCurrentBuffer === 'function'
  );
}
