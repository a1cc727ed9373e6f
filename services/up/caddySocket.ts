// Where the admin API of our own Caddy is, and whether anybody answers there.

import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A unix socket's path with the zero behind it fits 104 bytes on macOS, 108 on Linux. */
const MAX_PATH_BYTES = 103;

/** A Caddy that is there answers at once, except while it loads. Raised: a start that waits for nothing looks hung. */
const ANSWER_MS = 2_000;

const NAME = 'admin.sock';

export interface AdminSocket {
  readonly path: string;
  remove(): void;
}

/** In the folder, or, where its path is too long or means something to Caddy, in a temporary one of its own. */
export function adminSocket(folder: string): AdminSocket {
  const path = join(folder, NAME);
  const isFit = Buffer.byteLength(path) <= MAX_PATH_BYTES && !/[|{}]/.test(path);
  if (isFit) return { path, remove: () => rmSync(path, { force: true }) };
  const own = mkdtempSync(join(tmpdir(), 'octoporty-'));
  return { path: join(own, NAME), remove: () => rmSync(own, { recursive: true, force: true }) };
}

/** Caddy is there and has loaded a configuration. */
export function isAnswering(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    // Before 2.9, Caddy takes no other Host over a unix socket than this and none.
    const headers = { host: '127.0.0.1' };
    const asked = request({ socketPath, path: '/config/', headers, agent: false, timeout: ANSWER_MS });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.on('response', (response) => {
      response.resume();
      response.on('close', () => resolve(response.statusCode === 200));
    });
    asked.end();
  });
}
