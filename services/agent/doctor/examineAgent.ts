// Owns the order of the doctor's checks on an agent: what each one needs, and what is told when that is missing.

import type { AgentConfig } from '../../config.ts';
import { examine, failed, ok, skipped, type Finding } from '../../doctor.ts';
import { askHealth } from '../../health.ts';
import { examineDataFolder } from './dataFolder.ts';
import { examineDatabase } from './database.ts';
import {
  examineClock,
  examineGatewayAnswer,
  examineGatewayName,
  examineGatewayPort,
  examineSecret,
} from './gateway.ts';
import { shakeHands } from './handshake.ts';
import { examineOrigins } from './origins.ts';
import { examinePublicNames } from './publicNames.ts';

const HOW_TO_START = 'start it with "octoporty agent"; its log says why if it ends';

/** What the gateway's own words are needed for. */
const ANSWERS = ['gateway answer', 'clock skew', 'secret'];

/**
 * Beside a live agent or instead of one: it takes no names, ends no tunnel and writes to no database. `howToStart`: both
 * sides at once, where one command starts them.
 */
export async function examineAgent(config: AgentConfig, howToStart?: string): Promise<Finding[]> {
  const folder = examineDataFolder(config.dataDir);
  // Before all that waits for the network: a large file being read would make others look late.
  const { finding: database, published } = await examineDatabase(config);
  const name = await examineGatewayName(config);
  const [health, gateway, origins, publicNames] = await Promise.all([
    examine('agent', () => examineHealth(config, howToStart)),
    examineGateway(config, name.finding, howToStart),
    published === null
      ? [skipped('origins', 'the mappings could not be read')]
      : examineOrigins(published, config),
    published === null
      ? [skipped('names', 'the mappings could not be read')]
      : examinePublicNames(
          published.map(({ externalDomain }) => externalDomain),
          name.addresses,
        ),
  ]);
  return [folder, database, health, name.finding, ...gateway, ...origins, ...publicNames];
}

async function examineHealth({ uiHost, uiPort }: AgentConfig, howToStart = HOW_TO_START): Promise<Finding> {
  const { isHealthy, says } = await askHealth({ service: 'agent', host: uiHost, port: uiPort });
  return isHealthy ? ok('agent', says) : failed('agent', says, howToStart);
}

/** Each link needs the one before. */
async function examineGateway(config: AgentConfig, name: Finding, howToStart?: string): Promise<Finding[]> {
  const unreachable = (from: readonly string[]) =>
    from.map((check) => skipped(check, 'the gateway cannot be reached'));
  if (name.verdict === 'failed') return unreachable(['gateway port', ...ANSWERS]);
  const port = await examine('gateway port', () => examineGatewayPort(config, howToStart));
  if (port.verdict === 'failed') return [port, ...unreachable(ANSWERS)];
  const handshake = await shakeHands(config);
  return [
    port,
    examineGatewayAnswer(config.gatewayUrl, handshake),
    examineClock(handshake),
    examineSecret(handshake),
  ];
}
