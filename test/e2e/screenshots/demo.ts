// A dashboard with something to show: mappings of made-up services, a month of history, requests through a real tunnel.

import { request } from 'node:http';
import { mappingViewSchema } from '../../../protocol/api/mappings.ts';
import { openDashboard, PASSWORD, USERNAME, type DashboardStage } from '../../support/dashboard.ts';
import { writeHistory } from './history.ts';
import { draftOf, SERVICES, startServices } from './origins.ts';

interface Visit {
  readonly domain: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One round of visitors; each answer is of another kind. */
const ROUND: readonly Visit[] = [
  { domain: 'photos.example.com', path: '/albums/summer' },
  { domain: 'photos.example.com', path: '/thumb/4711.jpg' },
  { domain: 'photos.example.com', path: '/thumb/4712.jpg', headers: { 'If-None-Match': '"4712"' } },
  { domain: 'films.example.com', path: '/videos/91/stream' },
  { domain: 'home.example.com', path: '/api/states' },
  { domain: 'home.example.com', path: '/api/services/light/turn_on', method: 'POST' },
  { domain: 'code.example.com', path: '/login' },
  { domain: 'code.example.com', path: '/household/heating/commits/main' },
  { domain: 'vault.example.com', path: '/api/sync' },
  { domain: 'metrics.example.com', path: '/d/energy' },
  { domain: 'metrics.example.com', path: '/render/d/energy' },
  { domain: 'wiki.example.com', path: '/pages/recipes' },
];
const ROUNDS = 3;

/** Visitors that stay. */
const STREAMS = 2;

export interface Demo {
  readonly stage: DashboardStage;
  /** Of a mapping that is served. */
  readonly mappingId: string;
  stop(): Promise<void>;
}

/** Everything it has started is ended when it fails. Throws when another demo runs: the services' ports are fixed. */
export async function startDemo(): Promise<Demo> {
  const stopServices = await startServices();
  try {
    const stage = await openDashboard();
    const stop = async () => {
      await stopServices();
      await stage.stop();
    };
    try {
      return { stage, stop, mappingId: await fill(stage) };
    } catch (error) {
      await stage.stop();
      throw error;
    }
  } catch (error) {
    await stopServices();
    throw error;
  }
}

/** With mappings, a past and visitors; answers the id of a mapping that is served. */
async function fill(stage: DashboardStage): Promise<string> {
  const ids = await createMappings(stage);
  const { rig } = stage;
  await rig.agent.end('SIGTERM');
  writeHistory(`${rig.dataDir}/octoporty.sqlite`, ids, Date.now());
  rig.agent.start();
  await rig.waitOnline();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const visit of ROUND) await ask(rig.gatewayPort, visit);
  }
  for (let stream = 0; stream < STREAMS; stream += 1) openStream(rig.gatewayPort);
  return ids.get('photos.example.com') ?? '';
}

/** Their ids, by domain. */
async function createMappings({ url, browser }: DashboardStage): Promise<Map<string, string>> {
  const context = await browser.newContext({ baseURL: url });
  const ids = new Map<string, string>();
  await context.request.post('/api/v1/auth/login', { data: { username: USERNAME, password: PASSWORD } });
  for (const service of SERVICES) {
    const answer = await context.request.post('/api/v1/mappings', { data: draftOf(service) });
    if (!answer.ok()) throw new Error(`no mapping: ${await answer.text()}`);
    ids.set(service.domain, mappingViewSchema.parse(await answer.json()).id);
  }
  await context.close();
  return ids;
}

/** To the end of its answer. */
function ask(port: number, { domain, path, method = 'GET', headers = {} }: Visit): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      path,
      method,
      headers: { host: domain, ...headers },
      agent: false,
    });
    asked.on('error', reject);
    asked.on('response', (response) => response.on('error', reject).on('end', resolve).resume());
    asked.end();
  });
}

/** Under way until the services end. */
function openStream(port: number): void {
  const asked = request({
    host: '127.0.0.1',
    port,
    path: '/api/stream',
    headers: { host: 'home.example.com' },
    agent: false,
  });
  // It ends with the demo, which is no failure.
  asked.on('error', () => asked.destroy());
  asked.on('response', (response) => response.on('error', () => asked.destroy()).resume());
  asked.end();
}
