// Short versions of what the endurance proofs show at length: restarts, clones, renewals and rotation on real processes.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { echo, getSmall, type Target } from '../support/load.ts';
import { openLoadOrigin, type LoadOrigin } from '../support/loadOrigin.ts';
import { SECRET, Service, freePort, get, startRig, until, type Rig } from '../support/rig.ts';
import { startSteadyLoad } from '../support/steadyLoad.ts';

const NAME = 'app.localhost';
const NEW_SECRET = 'the secret that comes after, long enough too';

let origin: LoadOrigin;
let other: LoadOrigin;

beforeAll(async () => {
  origin = await openLoadOrigin();
  other = await openLoadOrigin('other');
});

afterAll(async () => {
  await origin.stop();
  await other.stop();
});

test('an agent that is restarted gracefully loses no safe request', async () => {
  const rig = await open();
  const load = startSteadyLoad([at(rig)], 30);
  await until('requests go through', () => load.samples.length > 5);
  expect(await rig.agent.end('SIGTERM')).toBe(0);
  rig.agent.start();
  await rig.waitOnline();
  const served = load.samples.length;
  await until('requests go through again', () => load.samples.length > served + 5);
  await load.stop();
  expect(load.counts.toString()).toBe(`small ok × ${load.samples.length}`);
});

test('a gateway that is restarted gracefully loses no safe request of a proxy that tries refused connections again', async () => {
  const rig = await open();
  const load = startSteadyLoad([at(rig)], 30);
  await until('requests go through', () => load.samples.length > 5);
  expect(await rig.gateway.end('SIGTERM')).toBe(0);
  rig.gateway.start();
  await until('requests go through again', async () => (await getSmall(at(rig))) === 'ok');
  await load.stop();
  expect(load.counts.toString()).toBe(`small ok × ${load.samples.length}`);
});

test('a living clone is refused and says so, while the first agent keeps serving', async () => {
  const rig = await open();
  const { clone, uiPort } = await cloneOf(rig);
  clone.start();
  await until('the clone is rejected', () => isRejected(uiPort));
  expect(clone.output).toContain('duplicate_agent');
  expect(await getSmall(at(rig))).toBe('ok');
});

test('a session is renewed in place, with a WebSocket running through it', async () => {
  const rig = await open({ OCTOPORTY_SESSION_LIFETIME: '600ms' });
  const endMs = performance.now() + 3_000;
  expect(await echo(at(rig), 10, () => performance.now() > endMs)).toBe('ok');
  // The same wire all the while: it would have expired five times.
  expect(rig.gateway.output.match(/A tunnel is online/g)).toHaveLength(1);
  expect(rig.gateway.output).not.toContain('A tunnel has ended');
});

test('the secret is rotated side by side: first the gateway, which still takes the old one, then the agent', async () => {
  const rig = await open();
  await rig.gateway.end('SIGTERM');
  const rotated = rig.gateway.withEnvironment({
    OCTOPORTY_AUTH_SECRET: NEW_SECRET,
    OCTOPORTY_AUTH_SECRET_PREVIOUS: SECRET,
  });
  rotated.start();
  onTestFinished(() => ended(rotated));
  await until('the old secret still serves', async () => (await getSmall(at(rig))) === 'ok');
  await rig.agent.end('SIGTERM');
  const renewed = rig.agent.withEnvironment({ OCTOPORTY_AUTH_SECRET: NEW_SECRET });
  renewed.start();
  onTestFinished(() => ended(renewed));
  await until('the new secret serves', async () => (await getSmall(at(rig))) === 'ok');
});

test('a name that another agent has is refused in words, and served without a restart once that agent ends', async () => {
  const rig = await open();
  const second = await secondAgent(rig);
  second.start();
  await until('the second is told', () => second.output.includes('domain_taken'));
  expect(await getSmall(at(rig))).toBe('ok');
  await rig.agent.end('SIGTERM');
  await until('the second serves', async () => (await getSmall(at(rig, 'other'))) === 'ok');
});

async function open(env: Readonly<Record<string, string>> = {}): Promise<Rig> {
  const rig = await startRig({ maps: [`${NAME}=http://127.0.0.1:${origin.port}`], env });
  onTestFinished(() => rig.stop());
  return rig;
}

function at(rig: Rig, label = 'origin'): Target {
  return { port: rig.gatewayPort, name: NAME, label };
}

/** The agent once more, on a copy of its data folder: the same id, another boot. */
async function cloneOf(rig: Rig): Promise<{ clone: Service; uiPort: number }> {
  const dir = temporaryDir();
  cpSync(rig.dataDir, dir, { recursive: true });
  const uiPort = await freePort();
  const clone = rig.agent.withEnvironment({
    OCTOPORTY_DATA_DIR: dir,
    OCTOPORTY_UI_PORT: String(uiPort),
  });
  onTestFinished(() => ended(clone));
  return { clone, uiPort };
}

/** Another agent that asks for the same name, for another origin. */
async function secondAgent(rig: Rig): Promise<Service> {
  const second = new Service('second', ['agent', '--map', `${NAME}=http://127.0.0.1:${other.port}`], {
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_GATEWAY_URL: `ws://127.0.0.1:${rig.gatewayPort}/tunnel`,
    OCTOPORTY_UI_PASSWORD: 'a password for tests',
    OCTOPORTY_UI_PORT: String(await freePort()),
    OCTOPORTY_DATA_DIR: temporaryDir(),
  });
  onTestFinished(() => ended(second));
  return second;
}

async function isRejected(uiPort: number): Promise<boolean> {
  try {
    return (await get(uiPort, 'localhost', '/health')).body.includes('rejected');
  } catch {
    return false;
  }
}

async function ended(service: Service): Promise<void> {
  await service.end('SIGTERM');
}

function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'octoporty-endurance-'));
  onTestFinished(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}
