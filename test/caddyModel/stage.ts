// The real thing that the model is held against: a gateway, two agents and a Caddy, and how each step is done to them.

import { createServer, type Server } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { AdminApi } from '../bench/adminApi.ts';
import { mappingListSchema } from '../../protocol/api/mappings.ts';
import { healthSchema, statusSchema } from '../../protocol/api/status.ts';
import { startCaddy, type CaddyBinary, type TestCaddy } from '../support/caddy.ts';
import { close, listen } from '../support/httpOrigin.ts';
import { freePort, SECRET, Service, until } from '../support/rig.ts';
import { AdminProxy } from './adminProxy.ts';
import { basesOf, configOnPorts } from './bases.ts';
import type { Key } from './claims.ts';
import type { Json } from './configParts.ts';
import { GATEWAY_HOST, partsOfKey } from './model.ts';
import type { Base, Edit } from './steps.ts';

const PASSWORD = 'a password for tests';
const STATUS_TOKEN = 'a status token for the model';

/**
 * Until a process that was started does its work, and until tunnels are back: on a machine that has much else to do, and
 * not what a run is about.
 */
const START_MS = 30_000;

export interface Ports {
  /** Where Caddy listens for 443, for 80, and for what is nobody's but somebody else's. */
  readonly https: number;
  readonly http: number;
  readonly other: number;
}

export interface Stage {
  readonly ports: Ports;
  readonly bases: Readonly<Record<Base, Json>>;
  readonly caddy: TestCaddy;
  readonly proxy: AdminProxy;
  readonly gateway: Service;
  readonly agents: readonly [StageAgent, StageAgent];
  /** Every agent that runs carries requests, and the gateway has confirmed all it has to say. */
  online(): Promise<void>;
  /** Whether the gateway itself says that Caddy has what it should. */
  saysRight(): Promise<boolean>;
  stop(): Promise<void>;
}

export interface StageAgent {
  readonly service: Service;
  readonly id: string;
  isUp: boolean;
  edit(edits: readonly Edit[]): Promise<void>;
  /** How each of its mappings stands, as its API says: `active`, `refused` and so on. */
  standings(): Promise<ReadonlyMap<Key, string>>;
  start(): Promise<void>;
}

export async function openStage(binary: CaddyBinary): Promise<Stage> {
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).toReversed()) await end();
  };
  try {
    return await opened(binary, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function opened(
  binary: CaddyBinary,
  stops: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<Stage> {
  const ports = { https: await freePort(), http: await freePort(), other: await freePort() };
  const caddy = await startCaddy({ binary, config: configOnPorts(ports) });
  stops.push(() => caddy.stop());
  const bases = basesOf(ports, JSON.parse((await caddy.ask('GET', '/config/')).body));
  const proxy = new AdminProxy(caddy);
  await proxy.start();
  stops.push(() => proxy.stop());
  const gatewayPort = await freePort();
  const gateway = new Service('gateway', ['gateway'], {
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_LISTEN_HOST: '127.0.0.1',
    OCTOPORTY_LISTEN_PORT: String(gatewayPort),
    OCTOPORTY_GATEWAY_HOST: GATEWAY_HOST,
    OCTOPORTY_STATUS_TOKEN: STATUS_TOKEN,
    OCTOPORTY_CADDY_ADMIN_URL: proxy.url,
  });
  gateway.start();
  stops.push(async () => {
    await gateway.end('SIGKILL');
  });
  const agents = [
    await createAgent('one', gatewayPort, stops),
    await createAgent('two', gatewayPort, stops),
  ] as const;
  await Promise.all(agents.map((agent) => agent.start()));
  const online = () =>
    until(
      'every agent is online',
      async () => {
        const up = agents.filter(({ isUp }) => isUp);
        const areTold = await Promise.all(up.map((agent) => agent.isInForce()));
        return areTold.every(Boolean) && (await statusAt(gatewayPort))?.tunnels === up.length;
      },
      START_MS,
    );
  await online();
  const saysRight = async () => (await statusAt(gatewayPort))?.caddy?.state === 'right';
  return { ports, bases, caddy, proxy, gateway, agents, online, saysRight, stop };
}

interface RunningAgent extends StageAgent {
  isInForce(): Promise<boolean>;
}

async function createAgent(
  name: string,
  gatewayPort: number,
  stops: (() => Promise<void> | void)[],
): Promise<RunningAgent> {
  const origin = originOf(name);
  const originPort = await listen(origin);
  stops.push(() => close(origin));
  const [uiPort, dataDir] = [await freePort(), mkdtempSync(join(tmpdir(), 'octoporty-model-'))];
  const service = new Service(name, ['agent'], {
    OCTOPORTY_AUTH_SECRET: SECRET,
    OCTOPORTY_GATEWAY_URL: `ws://127.0.0.1:${gatewayPort}/tunnel`,
    OCTOPORTY_UI_PASSWORD: PASSWORD,
    OCTOPORTY_UI_PORT: String(uiPort),
    OCTOPORTY_DATA_DIR: dataDir,
  });
  const api = new AdminApi(uiPort, PASSWORD, false);
  stops.push(async () => {
    api.close();
    await service.end('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  });
  const ids = new Map<Key, string>();
  let isLoggedIn = false;

  async function carryOut(edit: Edit): Promise<void> {
    if (edit.kind === 'create') {
      const { mapping } = await api.create(draftOf(edit.key, originPort));
      ids.set(edit.key, mapping.id);
      return;
    }
    const id = ids.get(edit.key) ?? '';
    const { name: externalDomain, port: externalPort } = partsOfKey(
      edit.kind === 'move' ? edit.to : edit.key,
    );
    const { status } =
      edit.kind === 'delete'
        ? await api.ask('DELETE', `/mappings/${id}`)
        : await api.ask(
            'PATCH',
            `/mappings/${id}`,
            edit.kind === 'move' ? { externalDomain, externalPort } : { enabled: edit.kind === 'enable' },
          );
    if (status >= 300) throw new Error(`agent ${name} answered ${status} to ${JSON.stringify(edit)}`);
    if (edit.kind === 'move' || edit.kind === 'delete') ids.delete(edit.key);
    if (edit.kind === 'move') ids.set(edit.to, id);
  }

  const agent: RunningAgent = {
    service,
    get id() {
      return readFileSync(join(dataDir, 'agent-id'), 'utf8').trim();
    },
    isUp: false,
    async edit(edits) {
      await Promise.all(edits.map(carryOut));
    },
    async standings() {
      const { items } = mappingListSchema.parse((await api.ask('GET', '/mappings?limit=100')).body);
      return new Map(
        items.map(({ externalDomain, externalPort, route }) => [
          `${externalDomain}:${externalPort}`,
          route.state,
        ]),
      );
    },
    async start() {
      service.start();
      agent.isUp = true;
      await until(
        `agent ${name} takes edits`,
        () =>
          api.health().then(
            ({ body }) => healthSchema.parse(body).checks.database === 'ok',
            () => false,
          ),
        START_MS,
      );
      if (!isLoggedIn) await api.logIn();
      isLoggedIn = true;
    },
    async isInForce() {
      const { status, body } = await api.ask('GET', '/status');
      if (status !== 200) return false;
      const { state, config } = statusSchema.parse(body);
      return state.startsWith('online') && config.ackedRevision === config.revision;
    },
  };
  return agent;
}

function originOf(name: string): Server {
  return createServer((asked, answer) =>
    answer.end(`${name}, told ${String(asked.headers['x-forwarded-port'])}`),
  );
}

function draftOf(key: Key, internalPort: number): Json {
  const { name, port } = partsOfKey(key);
  return {
    name: key,
    externalDomain: name,
    externalPort: port,
    internalHost: '127.0.0.1',
    internalPort,
    internalProtocol: 'http',
  };
}

const statusPartSchema = z.object({
  tunnels: z.number(),
  caddy: z.object({ state: z.string() }).nullable(),
});

/** What the gateway says of itself; null: it does not answer. */
async function statusAt(gatewayPort: number): Promise<z.output<typeof statusPartSchema> | null> {
  const headers = { authorization: `Bearer ${STATUS_TOKEN}`, connection: 'close' };
  const asked = fetch(`http://127.0.0.1:${gatewayPort}/api/v1/status`, { headers });
  const answer = await asked.catch(() => null);
  return answer === null ? null : statusPartSchema.parse(await answer.json());
}
