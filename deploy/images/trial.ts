// Owns the trial of both images: a visitor's request passes from gateway to agent to an origin of this machine.

import { randomBytes, randomInt } from 'node:crypto';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, get } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { Container, type Mounts } from './container.ts';
import type { Image } from './contents.ts';

export interface Finding {
  readonly image: Image | 'both';
  readonly what: string;
  readonly isKept: boolean;
  readonly figures: string;
}

/** Users below are of the system, or those of the image. */
const UIDS = { from: 100_000, to: 2_000_000_000 } as const;

const HOST = 'demo.localhost';
const GREETING = 'An origin on this machine.';
const SECRETS = '/run/secrets';

/** Said by Node inside: who it is, what it may write, and whether each package that the image names loads. */
const SELF = `
  const { readFileSync, writeFileSync } = require('node:fs');
  let written = 'yes';
  try { writeFileSync('/app/written', ''); } catch (error) { written = error.code; }
  const { dependencies } = JSON.parse(readFileSync('/app/package.json', 'utf8'));
  const load = require('node:module').createRequire('/app/package.json');
  for (const name of Object.keys(dependencies)) load(name);
  const packages = Object.keys(dependencies).length;
  console.log(JSON.stringify({ uid: process.getuid(), written, packages }));
`;

/** `folder` holds rootfs and image.json of each image. Throws where one of them does not become healthy. */
export async function tryBoth(folder: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const note = (image: Finding['image'], what: string, isKept: boolean, figures: string) =>
    findings.push({ image, what, isKept, figures });
  const origin = createHttpServer((_, response) => response.end(GREETING));
  const ports = { origin: await listen(origin), gateway: await freePort(), ui: await freePort() };
  const running: Container[] = [];
  const start = async (container: Container) => {
    running.push(container);
    await container.healthy();
    return container;
  };
  try {
    const mounts = mountsFrom(folder);
    const gateway = await start(gatewayIn(folder, ports, mounts));
    const agent = await start(agentIn(folder, ports, mounts));
    // Healthy is an agent without a tunnel, too.
    await agent.until(
      'ready',
      async () => (await ask(ports.ui, '/health/ready', 'localhost')).status === 200,
    );
    for (const container of [gateway, agent]) {
      const { image, uid } = container;
      note(image, 'is healthy by its own check', true, `as user ${uid}, with a root that is read-only`);
      const { output } = container.run(['/usr/local/bin/node', '--eval', SELF]);
      const isRight = output.includes(`"uid":${uid},"written":"EROFS"`);
      note(image, 'writes nothing, and each package loads', isRight, output.trim().split('\n').at(-1) ?? '');
    }
    const answer = await ask(ports.gateway, '/', HOST);
    const isThrough = answer.status === 200 && answer.text === GREETING;
    note('both', 'a visitor reaches the origin', isThrough, `status ${answer.status}: ${answer.text}`);
    const page = await ask(ports.ui, '/', 'localhost');
    const script = /<script[^>]+src="([^"]+)"/.exec(page.text)?.[1] ?? 'no script';
    const loaded = await ask(ports.ui, script, 'localhost');
    const isServed = page.status === 200 && loaded.status === 200;
    note(
      'agent',
      'serves the page to log in on',
      isServed,
      `status ${page.status}, ${script} ${loaded.status}`,
    );
    for (const container of [agent, gateway]) {
      const { code, ms } = await container.stop();
      note(container.image, 'ends well by SIGTERM', code === 0, `exit code ${code} in ${Math.round(ms)} ms`);
    }
    return findings;
  } finally {
    for (const container of running) await container.end();
    origin.close();
  }
}

interface Ports {
  readonly origin: number;
  readonly gateway: number;
  readonly ui: number;
}

function gatewayIn(folder: string, { gateway }: Ports, mounts: Mounts): Container {
  const env = {
    OCTOPORTY_AUTH_SECRET_FILE: `${SECRETS}/auth_secret`,
    OCTOPORTY_LISTEN_HOST: '127.0.0.1',
    OCTOPORTY_LISTEN_PORT: String(gateway),
  };
  return new Container({ folder, image: 'gateway', args: [], env, uid: anyUid(), mounts });
}

function agentIn(folder: string, { gateway, ui, origin }: Ports, mounts: Mounts): Container {
  const env = {
    OCTOPORTY_AUTH_SECRET_FILE: `${SECRETS}/auth_secret`,
    OCTOPORTY_UI_PASSWORD_FILE: `${SECRETS}/ui_password`,
    OCTOPORTY_UI_HOST: '127.0.0.1',
    OCTOPORTY_UI_PORT: String(ui),
    OCTOPORTY_GATEWAY_URL: `ws://127.0.0.1:${gateway}`,
  };
  const args = ['--map', `${HOST}=http://127.0.0.1:${origin}`];
  const withData = { ...mounts, '/data': { from: newVolume(folder), isWritable: true } };
  return new Container({ folder, image: 'agent', args, env, uid: anyUid(), mounts: withData });
}

function anyUid(): number {
  return randomInt(UIDS.from, UIDS.to);
}

/** What a daemon puts into each container, and the secrets: readable to any user, in a folder that only root enters. */
function mountsFrom(folder: string): Mounts {
  const secrets = join(folder, 'secrets');
  mkdirSync(secrets, { mode: 0o700 });
  const own = ['auth_secret', 'ui_password'].map((name) => {
    writeFileSync(join(secrets, name), randomBytes(32).toString('hex'));
    return [`${SECRETS}/${name}`, { from: join(secrets, name), isWritable: false }] as const;
  });
  const system = ['/etc/resolv.conf', '/etc/hosts'].map(
    (path) => [path, { from: path, isWritable: false }] as const,
  );
  return Object.fromEntries([...own, ...system]);
}

/** As Docker makes one: it has the mode of the image's folder. */
function newVolume(folder: string): string {
  const path = join(folder, 'data');
  mkdirSync(path);
  chmodSync(path, statSync(join(folder, 'agent', 'rootfs', 'data')).mode & 0o7777);
  return path;
}

function ask(port: number, path: string, host: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, headers: { host }, agent: false });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    });
  });
}
