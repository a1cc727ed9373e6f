// A gateway and its agents as a proof needs them, and what each says about itself.

import { get as httpGet } from 'node:http';
import { z } from 'zod';
import { freePort, SECRET, until } from '../support/rig.ts';
import { getSmall, type Target } from '../support/load.ts';
import type { Environment, ServiceProcess, Stage } from './stage.ts';

export const STATUS_TOKEN = 'a status token for the proofs';

/** Of every agent's admin. */
export const UI_PASSWORD = 'a password for the proofs';

/** A service that does not answer so soon counts as one that does not. */
const ASK_TIMEOUT_MS = 1_000;

export interface StandingGateway {
  readonly service: ServiceProcess;
  readonly address: string;
  readonly port: number;
}

export interface StandingAgent {
  readonly service: ServiceProcess;
  readonly address: string;
  readonly uiPort: number;
  readonly dataDir: string;
}

export interface GatewayOptions {
  readonly env?: Environment;
  /** Where it listens, and where we ask it. */
  readonly address?: string;
  readonly prefix?: readonly string[];
}

/** Not started yet. */
export async function createGateway(stage: Stage, options: GatewayOptions = {}): Promise<StandingGateway> {
  const { env = {}, address = '127.0.0.1', prefix } = options;
  const port = await freePort();
  const service = stage.service(
    'gateway',
    ['gateway'],
    {
      OCTOPORTY_AUTH_SECRET: SECRET,
      OCTOPORTY_STATUS_TOKEN: STATUS_TOKEN,
      OCTOPORTY_LISTEN_HOST: prefix === undefined ? address : '0.0.0.0',
      OCTOPORTY_LISTEN_PORT: String(port),
      ...env,
    },
    prefix,
  );
  return { service, address, port };
}

export interface AgentOptions extends GatewayOptions {
  readonly name?: string;
  /** `NAME=URL`, as for --map. */
  readonly maps: readonly string[];
  readonly gatewayUrl: string;
  /** An existing data folder: the same agent id. */
  readonly dataDir?: string;
}

/** Not started yet. */
export async function createAgent(stage: Stage, options: AgentOptions): Promise<StandingAgent> {
  const { name = 'agent', maps, gatewayUrl, env = {}, address = '127.0.0.1', prefix } = options;
  const uiPort = await freePort();
  const dataDir = options.dataDir ?? stage.tempDir();
  const service = stage.service(
    name,
    ['agent', ...maps.flatMap((map) => ['--map', map])],
    {
      OCTOPORTY_AUTH_SECRET: SECRET,
      OCTOPORTY_GATEWAY_URL: gatewayUrl,
      OCTOPORTY_UI_PASSWORD: UI_PASSWORD,
      OCTOPORTY_UI_HOST: prefix === undefined ? address : '0.0.0.0',
      OCTOPORTY_UI_PORT: String(uiPort),
      OCTOPORTY_DATA_DIR: dataDir,
      ...env,
    },
    prefix,
  );
  return { service, address, uiPort, dataDir };
}

export function urlOf({ address, port }: StandingGateway): string {
  return `ws://${address}:${port}/tunnel`;
}

const countsSchema = z.object({ agents: z.number(), tunnels: z.number() });

const fullSchema = countsSchema.extend({
  machines: z.array(
    z.object({
      id: z.string(),
      state: z.string(),
      transitions: z.array(z.object({ to: z.string(), at: z.iso.datetime() })),
    }),
  ),
  relays: z.array(z.object({ requestId: z.string(), phase: z.string(), ageMs: z.number() })),
});

export type FullStatus = z.infer<typeof fullSchema>;

/** Live tunnels as the gateway counts them; null when it does not answer. */
export async function tunnelsOf(gateway: StandingGateway): Promise<number | null> {
  const answer = await askJson(gateway.address, gateway.port, '/api/v1/status');
  return answer === null ? null : countsSchema.parse(answer).tunnels;
}

export async function fullStatusOf(gateway: StandingGateway): Promise<FullStatus> {
  return fullSchema.parse(await askJson(gateway.address, gateway.port, '/api/v1/status', STATUS_TOKEN));
}

const healthSchema = z.object({ checks: z.object({ tunnel: z.string() }) });

/** The state of the tunnel as the agent says it; null when it does not answer. */
export async function tunnelStateOf(agent: StandingAgent): Promise<string | null> {
  const answer = await askJson(agent.address, agent.uiPort, '/health');
  return answer === null ? null : healthSchema.parse(answer).checks.tunnel;
}

export async function isAgentOnline(agent: StandingAgent): Promise<boolean> {
  return (await tunnelStateOf(agent))?.startsWith('online') === true;
}

/** Milliseconds until the agent says that it is online and a request goes all the way. */
export async function onlineAfter(agent: StandingAgent, target: Target, timeoutMs = 30_000): Promise<number> {
  const startMs = performance.now();
  await until(
    `${agent.service.name} is online and serves`,
    async () => (await isAgentOnline(agent)) && (await getSmall(target)) === 'ok',
    timeoutMs,
  );
  return performance.now() - startMs;
}

/** Null when there is no answer. */
export async function askText(
  address: string,
  port: number,
  path: string,
  token = '',
): Promise<string | null> {
  return new Promise((resolve) => {
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
    const asked = httpGet({ host: address, port, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.on('end', () => {
        resolve(text);
      });
      response.on('error', () => {
        resolve(null);
      });
    });
    asked.setTimeout(ASK_TIMEOUT_MS, () => asked.destroy());
    asked.on('error', () => {
      resolve(null);
    });
    asked.on('close', () => {
      resolve(null);
    });
  });
}

async function askJson(address: string, port: number, path: string, token?: string): Promise<unknown> {
  const text = await askText(address, port, path, token);
  return text === null ? null : JSON.parse(text);
}
