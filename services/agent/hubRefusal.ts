// How a connection hears that it does not become a WebSocket: a plain HTTP answer with a problem document, then its end.

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProblemError } from './api/problems.ts';
import { describeProblem, type Problem } from '../../protocol/api/problem.ts';

export function refuseUpgrade(socket: Duplex, { code, options }: ProblemError): void {
  const { status, title } = describeProblem(code);
  const { detail } = options;
  const problem: Problem = {
    type: 'about:blank',
    status,
    title,
    code,
    ...(detail === undefined ? {} : { detail }),
  };
  const body = JSON.stringify(problem);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    ...(code === 'unauthenticated' ? ['WWW-Authenticate: Bearer realm="octoporty"'] : []),
    'Connection: close',
    '',
    body,
  ];
  // Who asked may have gone already: nobody is left to tell.
  socket.on('error', () => {});
  socket.end(lines.join('\r\n'), () => socket.destroy());
}
