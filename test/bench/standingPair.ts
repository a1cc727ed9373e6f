// What most proofs begin with: an origin, a gateway, one agent that is online there, and its admin. All of it ends with the stage.

import { openLoadOrigin, type LoadOrigin } from '../support/loadOrigin.ts';
import { until } from '../support/rig.ts';
import { AdminApi } from './adminApi.ts';
import type { Environment, Stage } from './stage.ts';
import {
  createAgent,
  createGateway,
  isAgentOnline,
  UI_PASSWORD,
  urlOf,
  type AgentOptions,
  type StandingAgent,
  type StandingGateway,
} from './standing.ts';

/** Through a Caddy, it is time for a certificate as well. Raised: a proof that cannot begin says so later. */
const ONLINE_PATIENCE_MS = 30_000;

/** A proof tells its own figures; the services say what went wrong. */
const WARNINGS: Environment = { OCTOPORTY_LOG_LEVEL: 'warn' };

export interface StandingPair {
  readonly gateway: StandingGateway;
  readonly agent: StandingAgent;
}

export interface PairOptions extends Partial<Pick<AgentOptions, 'maps' | 'dataDir'>> {
  readonly agentEnv?: Environment;
}

/** The tunnel is online. */
export async function startPair(stage: Stage, options: PairOptions = {}): Promise<StandingPair> {
  const gateway = await createGateway(stage, { env: WARNINGS });
  const { agentEnv: env = WARNINGS, ...others } = options;
  const agent = await createAgent(stage, { maps: [], ...others, gatewayUrl: urlOf(gateway), env });
  gateway.service.start();
  agent.service.start();
  await untilOnline(agent);
  return { gateway, agent };
}

export async function untilOnline(agent: StandingAgent): Promise<void> {
  await until(`${agent.service.name} is online`, () => isAgentOnline(agent), ONLINE_PATIENCE_MS);
}

/** Logged in. */
export async function openAdmin(stage: Stage, agent: StandingAgent): Promise<AdminApi> {
  const api = new AdminApi(agent.uiPort, UI_PASSWORD);
  stage.atEnd(() => api.close());
  await api.logIn();
  return api;
}

/** As `openLoadOrigin`. */
export async function startOrigin(
  stage: Stage,
  ...named: Parameters<typeof openLoadOrigin>
): Promise<LoadOrigin> {
  const origin = await openLoadOrigin(...named);
  stage.atEnd(() => origin.stop());
  return origin;
}
