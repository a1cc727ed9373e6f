// curl uploads through a tunnel. `npm run proof -- bulk` does the same with a gigabyte and watches the memory.

import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect } from 'vitest';
import { close, listen } from '../../support/httpOrigin.ts';
import { pathOf, testWith } from '../../support/programs.ts';
import { startRig, type Rig } from '../../support/rig.ts';

const NAME = 'upload.localhost';
const FILE_BYTES = 64_000_000;
const test = testWith('curl');

/** Answers an upload with its digest. */
const origin = createServer((asked, response) => {
  lastHeaders = asked.headers;
  const hash = createHash('sha256');
  asked.on('data', (chunk: Buffer) => hash.update(chunk));
  asked.on('end', () => response.end(hash.digest('hex')));
});
let lastHeaders: IncomingHttpHeaders = {};
let dir: string;
let file: string;
let digest: string;
let rig: Rig;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'octoporty-curl-'));
  file = join(dir, 'random.bin');
  const content = randomBytes(FILE_BYTES);
  digest = createHash('sha256').update(content).digest('hex');
  writeFileSync(file, content);
  rig = await startRig({ maps: [`${NAME}=http://127.0.0.1:${await listen(origin)}`] });
});

afterAll(async () => {
  await close(origin);
  await rig.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('a big file arrives with its length and its digest, once the gateway has told curl to go on', async () => {
  const { stdout, stderr } = await curl(['--upload-file', file]);
  expect(stdout).toBe(digest);
  expect(lastHeaders).toMatchObject({ 'content-length': String(FILE_BYTES) });
  expect(stderr).toMatch(/^< HTTP\/1\.1 100 Continue\r?\n[^]*^< HTTP\/1\.1 200 OK/m);
});

test('a pipe of unknown length arrives in chunks, with its digest', async () => {
  const { stdout } = await curl(['--upload-file', '-'], createReadStream(file));
  expect(stdout).toBe(digest);
  expect(lastHeaders).toMatchObject({ 'transfer-encoding': 'chunked' });
  expect(lastHeaders).not.toHaveProperty('content-length');
});

/** What it prints, and what it says on the way. */
function curl(args: readonly string[], input?: Readable): Promise<{ stdout: string; stderr: string }> {
  const route = ['--noproxy', '*', '--resolve', `${NAME}:${rig.gatewayPort}:127.0.0.1`];
  const url = `http://${NAME}:${rig.gatewayPort}/`;
  return new Promise((resolve, reject) => {
    const child = execFile(
      pathOf('curl'),
      // Without a file for its settings, which must come first.
      ['--disable', '--silent', '--verbose', '--fail', ...route, ...args, url],
      (error, stdout, stderr) => {
        if (error === null) resolve({ stdout, stderr });
        else reject(new Error(stderr, { cause: error }));
      },
    );
    // A curl that ends early says why itself.
    child.stdin?.on('error', () => {});
    if (child.stdin !== null) input?.pipe(child.stdin);
  });
}
