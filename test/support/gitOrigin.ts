// A git server over HTTP: `git http-backend`, the CGI program, behind node:http.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pathOf } from './programs.ts';

const END_OF_HEAD = '\r\n\r\n';

/** What every git in a test gets: no settings of this machine, and no questions. */
export const GIT_ENVIRONMENT = {
  PATH: process.env.PATH ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
};

/** Serves every repository below `root`; anyone may push. */
export function createGitOrigin(root: string): Server {
  return createServer((asked, response) => {
    const backend = spawn(pathOf('git'), ['http-backend'], {
      env: { ...GIT_ENVIRONMENT, GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1', ...variablesOf(asked) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    // It may end before it has read everything; its answer then tells why.
    backend.stdin.on('error', () => {});
    asked.pipe(backend.stdin);
    response.on('close', () => backend.kill());
    answer(backend.stdout, response).catch(() => response.destroy());
  });
}

/** The request as CGI variables (RFC 3875 §4.1). A body without a length ends with the input. */
function variablesOf(asked: IncomingMessage): Record<string, string> {
  const { pathname, search } = new URL(asked.url ?? '/', 'http://origin');
  const { headers } = asked;
  const variables = {
    REQUEST_METHOD: asked.method,
    PATH_INFO: decodeURIComponent(pathname),
    QUERY_STRING: search.slice(1),
    CONTENT_TYPE: headers['content-type'],
    CONTENT_LENGTH: headers['content-length'],
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    GIT_PROTOCOL: headers['git-protocol']?.toString(),
    // Whoever has a name may push.
    REMOTE_USER: 'visitor',
    REMOTE_ADDR: asked.socket.remoteAddress,
  };
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}

/** A CGI answer: header lines, an empty line, the body (RFC 3875 §6.2). */
async function answer(output: Readable, response: ServerResponse): Promise<void> {
  let start = Buffer.alloc(0);
  for await (const chunk of output) {
    if (!Buffer.isBuffer(chunk)) throw new Error('not bytes');
    let body = chunk;
    if (!response.headersSent) {
      start = Buffer.concat([start, chunk]);
      const end = start.indexOf(END_OF_HEAD);
      if (end < 0) continue;
      writeHead(start.toString('latin1', 0, end), response);
      body = start.subarray(end + END_OF_HEAD.length);
    }
    if (!response.write(body)) await once(response, 'drain');
  }
  if (!response.headersSent) throw new Error('no answer');
  response.end();
}

function writeHead(head: string, response: ServerResponse): void {
  const lines = head.split('\r\n').map((line) => line.split(/:\s*/, 2));
  for (const [name = '', value = ''] of lines) {
    if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.flushHeaders();
}
