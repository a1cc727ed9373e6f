// Owns the tests of the agent's port: what is no request is refused as every answer is, with its headers.

import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { problemSchema } from '../../../../protocol/api/problem.ts';
import { createAgentApp } from '../../../../services/agent/api/app.ts';
import { SECURITY_HEADERS } from '../../../../services/agent/api/securityHeaders.ts';
import { openAgentServer } from '../../../../services/agent/api/server.ts';
import { noteLog } from './apiStage.ts';

async function openServer() {
  const { log, logged } = noteLog();
  const server = await openAgentServer('127.0.0.1', 0);
  const app = createAgentApp({ allowedHosts: [], authenticate: () => {}, open: [], guarded: [], log });
  const answer = app.callback();
  server.serve(
    (request, response) => void answer(request, response),
    (_request, socket) => socket.destroy(),
  );
  onTestFinished(() => server.close());
  return { port: server.port, logged };
}

/** Everything that comes back until the server ends the connection. */
async function answerTo(port: number, bytes: string): Promise<{ head: string; body: string }> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => (text += part));
  socket.write(bytes, 'latin1');
  await once(socket, 'end');
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { head, body };
}

const HOST = 'Host: localhost\r\nConnection: close\r\n';

test.each([
  ['bytes that are no HTTP', 'GARBAGE\r\n\r\n', 'malformed'],
  ['a method that nobody knows', `FOO / HTTP/1.1\r\n${HOST}\r\n`, 'malformed'],
  ['a head without an end', `GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_000)}\r\n\r\n`, 'head_too_large'],
  ['a request without a Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 'malformed'],
  ['a request for two hosts', `GET / HTTP/1.1\r\n${HOST}Host: evil.example\r\n\r\n`, 'malformed'],
  ['a target of another host', `GET http://evil.example/ HTTP/1.1\r\n${HOST}\r\n`, 'malformed'],
  [
    'a foreign host in both',
    'GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    'unknown_name',
  ],
  [
    'a body in a coding that is none of HTTP’s framing',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    'malformed',
  ],
  [
    'a target of our own host that is nothing',
    `GET http://localhost/none HTTP/1.1\r\n${HOST}\r\n`,
    'not_found',
  ],
  ['an expectation that we do not know', `GET /none HTTP/1.1\r\n${HOST}Expect: tea\r\n\r\n`, 'not_found'],
  ['a target that is no URL', `GET http://[::1 HTTP/1.1\r\n${HOST}\r\n`, 'malformed'],
])('%s is refused with a problem and all headers', async (_what, bytes, code) => {
  const { port, logged } = await openServer();
  const { head, body } = await answerTo(port, bytes);
  const problem = problemSchema.parse(JSON.parse(body));
  expect(problem.code).toBe(code);
  expect(head).toContain(`HTTP/1.1 ${problem.status} `);
  expect(head).toContain('Content-Type: application/problem+json');
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(head).toContain(`${name}: ${value}`);
  expect(logged.filter(({ level }) => level === 'error')).toEqual([]);
});
