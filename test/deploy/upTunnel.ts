// What a stranger sees of `octoporty up`: its demo, its dashboard, and the login that it prints.

import { request } from 'node:http';
import { expect } from 'vitest';
import type { Running } from './shipped.ts';

export interface UpPorts {
  readonly publicPort: number;
  readonly uiPort: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Visitors reach the demo, the dashboard is the built one, and its login works. Answers which ports it has taken. */
export async function expectTunnel(up: Running): Promise<UpPorts> {
  const publicPort = await numberIn(up, /curl http:\/\/\S+\.localhost:(\d+)\//);
  const uiPort = await numberIn(up, /http:\/\/localhost:(\d+)\//);
  const [, password = ''] = await up.printed(/admin, password (\S+)/);
  expect((await ask(publicPort, 'demo.localhost', '/')).body).toContain('Hello from the demo origin');
  const page = await ask(uiPort, 'localhost', '/login');
  expect([page.status, page.body.includes('<div id="app">')]).toEqual([200, true]);
  const login = JSON.stringify({ username: 'admin', password });
  expect((await ask(uiPort, 'localhost', '/api/v1/auth/login', {}, login)).status).toBe(200);
  return { publicPort, uiPort };
}

/** A GET; a POST of JSON where there is a body. */
export function ask(
  port: number,
  host: string,
  path: string,
  more: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const headers = { Host: `${host}:${port}`, ...type, ...more };
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request({ host: '127.0.0.1', port, path, headers, method, agent: false });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', reject);
    });
    sent.end(body);
  });
}

async function numberIn(up: Running, pattern: RegExp): Promise<number> {
  const [, digits] = await up.printed(pattern);
  return Number(digits);
}
