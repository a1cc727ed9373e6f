// Owns which side `octoporty doctor` looks at, and by which configuration.

import { requireAgentSide } from './agentSide.ts';
import { ConfigError, type ConfigSources } from './config/variables.ts';
import {
  isServiceConfigured,
  loadAgentConfig,
  loadGatewayConfig,
  loadHealthTarget,
  type AgentConfig,
  type Service,
} from './config.ts';
import { examineConfiguration, skipped, type Finding } from './doctor.ts';
import type { KeptUp } from './up/upSources.ts';

const NO_CONFIGURATION = skipped('all else', 'it needs the configuration');

/** Configured for nothing, it looks at what `octoporty up` keeps, if that is there. Rejects with ConfigError. */
export async function findingsOf(asked: string | null, sources: ConfigSources): Promise<Finding[]> {
  if (asked !== null && asked !== 'gateway' && asked !== 'agent' && asked !== 'up') {
    throw new ConfigError(`doctor examines "gateway", "agent" or "up", not "${asked}".`);
  }
  const side = asked === 'up' ? null : asked;
  if (asked === 'up' || !isServiceConfigured(sources)) {
    const { keptUp } = await import('./up/upSources.ts');
    const kept = await keptUp(sources);
    if (kept !== null) return findingsOfUp(kept, side);
    if (asked === 'up') throw new ConfigError('There is no set-up of "octoporty up" here: start it once.');
  }
  const { service } = loadHealthTarget(side, sources);
  return service === 'agent'
    ? findingsOfAgent(sources, () => loadAgentConfig(sources))
    : findingsOfGateway(sources);
}

/** `side`: the one that is asked for; null: both. */
async function findingsOfUp({ sources, running }: KeptUp, side: Service | null): Promise<Finding[]> {
  const { examineUp, hintFor } = await import('./up/examineUp.ts');
  const { gatewayUrlBeside } = await import('./up/upSources.ts');
  const loadAgent = () => {
    const { listenHost, listenPort } = loadGatewayConfig(sources);
    return { ...loadAgentConfig(sources), gatewayUrl: gatewayUrlBeside(listenHost, listenPort) };
  };
  const hint = hintFor(running);
  return [
    ...(running === null ? [] : [examineUp(running)]),
    ...(side === 'agent' ? [] : await findingsOfGateway(sources, hint)),
    ...(side === 'gateway' ? [] : await findingsOfAgent(sources, loadAgent, hint)),
  ];
}

async function findingsOfAgent(
  sources: ConfigSources,
  load: () => AgentConfig,
  howToStart?: string,
): Promise<Finding[]> {
  requireAgentSide();
  const { storePlaceOf } = await import('./agent/databaseRule.ts');
  const { finding, config } = examineConfiguration('agent configuration', () => {
    const loaded = load();
    storePlaceOf(sources);
    return loaded;
  });
  if (config === null) return [finding, NO_CONFIGURATION];
  const { examineAgent } = await import('./agent/doctor/examineAgent.ts');
  return [finding, ...(await examineAgent(config, howToStart))];
}

async function findingsOfGateway(sources: ConfigSources, howToStart?: string): Promise<Finding[]> {
  const { finding, config } = examineConfiguration('gateway configuration', () => loadGatewayConfig(sources));
  if (config === null) return [finding, NO_CONFIGURATION];
  const { examineGateway } = await import('./gateway/doctor/examineGateway.ts');
  return [finding, ...(await examineGateway(config, howToStart))];
}
