// A real certificate authority for tests: Pebble, the name server it asks, and a door before it that refuses what it is told to.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { AUTHORITY, ORIGIN_KEY, TRUSTED } from './certificates.ts';
import { isExecutable, testIf } from './programs.ts';
import { freePort, until } from './rig.ts';

const folder = process.env.OCTOPORTY_TEST_PEBBLE ?? '';
const PROGRAMS = { pebble: join(folder, 'pebble'), names: join(folder, 'pebble-challtestsrv') };

export const hasPebble = folder !== '' && Object.values(PROGRAMS).every(isExecutable);

/** vitest's `test`, for tests that start a Pebble. */
export const testWithPebble = testIf(
  hasPebble,
  'These tests need Pebble and its pebble-challtestsrv: name the folder with both by OCTOPORTY_TEST_PEBBLE (as .ci/run does).',
);

export interface PebbleOptions {
  /** Where Caddy listens: there names are proven. */
  readonly httpPort: number;
  readonly httpsPort: number;
}

export interface Pebble {
  /** An issuer of Caddy's `tls` app that asks it. */
  readonly issuer: object;
  /** As OCTOPORTY_DNS_SERVERS takes it. */
  readonly dnsServer: string;
  setAddresses(name: string, ...addresses: string[]): Promise<void>;
  /** Names who may issue for a name. */
  setCaa(name: string, issuer: string): Promise<void>;
  /** Orders for this name are refused by the door. */
  refuse(name: string, status: number, type: string, detail: string): void;
  /** The certificate that visitors have to trust. */
  root(): Promise<Buffer>;
  stop(): Promise<void>;
}

export async function startPebble({ httpPort, httpsPort }: PebbleOptions): Promise<Pebble> {
  const [port, management, dns, dnsManagement] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const dir = mkdtempSync(join(tmpdir(), 'octoporty-pebble-'));
  const fileOf = (name: string, content: string) => {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  };
  const config = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: fileOf('certificate.pem', TRUSTED),
    privateKey: fileOf('key.pem', ORIGIN_KEY),
    httpPort,
    tlsPort: httpsPort,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
    retryAfter: { authz: 1, order: 1 },
    keyAlgorithm: 'ecdsa',
    profiles: { default: { description: 'for tests', validityPeriod: 7_776_000 } },
  };
  const children = [
    spawn(
      PROGRAMS.names,
      [
        ...['-defaultIPv4', '', '-defaultIPv6', '', '-http01', '', '-https01', '', '-tlsalpn01', ''],
        ...['-doh', '', '-dnsserver', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${dnsManagement}`],
      ],
      { stdio: 'ignore' },
    ),
    spawn(
      PROGRAMS.pebble,
      [
        '-config',
        fileOf('pebble.json', JSON.stringify({ pebble: config })),
        '-dnsserver',
        `127.0.0.1:${dns}`,
      ],
      // It would wait before it proves a name, and refuse some nonces for practice.
      { stdio: 'ignore', env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' } },
    ),
  ];
  const door = await openDoor(port);
  const manage = async (path: string, body: object) => {
    const answer = await fetch(`http://127.0.0.1:${dnsManagement}/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: status ${answer.status}`);
  };
  const stop = async () => {
    door.close();
    await Promise.all(children.map(end));
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await until('Pebble answers', () => isAnswering(`https://127.0.0.1:${port}/dir`));
    await until('its name server answers', () => isAnswering(`http://127.0.0.1:${dnsManagement}/`));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    issuer: {
      module: 'acme',
      ca: `https://127.0.0.1:${door.port}/dir`,
      trusted_roots_pem_files: [fileOf('authority.pem', AUTHORITY)],
    },
    dnsServer: `127.0.0.1:${dns}`,
    setAddresses: (name, ...addresses) => manage('add-a', { host: `${name}.`, addresses }),
    setCaa: (name, issuer) =>
      manage('add-caa', { host: `${name}.`, policies: [{ tag: 'issue', value: issuer }] }),
    refuse: (name, status, type, detail) => void door.refusals.set(name, { status, type, detail }),
    root: async () => Buffer.from(await textFrom(management, '/roots/0')),
    stop,
  };
}

interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly detail: string;
}

interface Door {
  readonly port: number;
  readonly refusals: Map<string, Refusal>;
  close(): void;
}

/** Passes all on to Pebble, under its own name, but for orders of names that are to be refused (RFC 8555 §6.7). */
async function openDoor(pebblePort: number): Promise<Door> {
  const refusals = new Map<string, Refusal>();
  const pass = async (asked: IncomingMessage, response: ServerResponse) => {
    const body = await text(asked);
    const refusal = [...refusals].find(([name]) => identifiersIn(body).includes(name))?.[1];
    const to = { host: '127.0.0.1', port: pebblePort, ca: AUTHORITY, agent: false as const };
    const head =
      refusal === undefined
        ? { path: asked.url, method: asked.method, headers: asked.headers }
        : { path: '/nonce-plz', method: 'HEAD', headers: { 'user-agent': 'a door' } };
    const passed = request({ ...to, ...head });
    passed.on('error', () => response.destroy());
    passed.on('response', (answer) => {
      if (refusal === undefined) answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers));
      else {
        answer.resume();
        const { status, type, detail } = refusal;
        response.writeHead(status, {
          'content-type': 'application/problem+json',
          'replay-nonce': answer.headers['replay-nonce'],
        });
        response.end(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, status, detail }));
      }
    });
    passed.end(refusal === undefined ? body : undefined);
  };
  const server = createServer({ key: ORIGIN_KEY, cert: TRUSTED }, (asked, response) => {
    pass(asked, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    port,
    refusals,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const signedSchema = z.object({ payload: z.string() });
const orderSchema = z.object({ identifiers: z.array(z.object({ value: z.string() })) });

/** The names that a signed request orders a certificate for; none in any other. */
function identifiersIn(body: string): string[] {
  const signed = signedSchema.safeParse(jsonIn(body));
  if (!signed.success) return [];
  const order = orderSchema.safeParse(jsonIn(Buffer.from(signed.data.payload, 'base64url').toString()));
  return order.success ? order.data.identifiers.map(({ value }) => value) : [];
}

function jsonIn(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

async function isAnswering(address: string): Promise<boolean> {
  const url = new URL(address);
  try {
    if (url.protocol === 'https:') await textFrom(Number(url.port), url.pathname);
    else await fetch(address);
    return true;
  } catch {
    return false;
  }
}

async function textFrom(port: number, path: string): Promise<string> {
  const asked = request({ host: '127.0.0.1', port, path, ca: AUTHORITY, agent: false });
  asked.end();
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve);
    asked.on('error', reject);
  });
  return text(answer);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
