// A problem as the bytes of a whole HTTP answer, for connections that no answer object belongs to; they end with it.

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { documentOf, type ProblemError } from './problems.ts';
import { SECURITY_HEADERS } from './securityHeaders.ts';

export function endWithProblem(socket: Duplex, problem: ProblemError): void {
  const document = documentOf(problem);
  const { status, code } = document;
  const body = JSON.stringify(document);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
    ...(code === 'unauthenticated' ? ['WWW-Authenticate: Bearer realm="octoporty"'] : []),
    'Connection: close',
    '',
    body,
  ];
  // Who asked may have gone already: nobody is left to tell.
  socket.on('error', () => {});
  socket.end(lines.join('\r\n'), () => socket.destroy());
}
