// Owns the doctor's checks on a gateway: is it there, who is connected, does Caddy serve us, is the clock sane.

import { statSync } from 'node:fs';
import { z } from 'zod';
import type { GatewayConfig } from '../../config.ts';
import { ask } from '../../doctor/ask.ts';
import { examine, failed, ok, skipped, type Finding } from '../../doctor.ts';
import { addressOf, askHealth } from '../../health.ts';
import { VERSION } from '../../version.ts';
import { STATUS_PATH } from '../gatewayPaths.ts';
import { examineCaddy } from './caddy.ts';
import { examineCertificates } from './certificates.ts';
import { examineRoutes } from './routes.ts';

const HOW_TO_START = 'start it with "octoporty gateway"; its log says why if it ends';

/** Beside a live gateway; it changes nothing there. */
export async function examineGateway(config: GatewayConfig, howToStart = HOW_TO_START): Promise<Finding[]> {
  const adminUrl = config.caddy?.adminUrl;
  const health = await examine('gateway', () => examineHealth(config, howToStart));
  const { statusToken } = config;
  const [agents, caddy, routes, certificates] = await Promise.all([
    health.verdict === 'ok'
      ? examine('agents', () => examineAgents(config))
      : skipped('agents', 'the gateway does not answer'),
    adminUrl === undefined
      ? skipped('caddy', 'OCTOPORTY_CADDY_ADMIN_URL is not set')
      : examine('caddy', () => examineCaddy(adminUrl)),
    health.verdict === 'ok' && adminUrl !== undefined ? examine('routes', () => examineRoutes(config)) : null,
    // Without the token the line of the routes says what is missing.
    health.verdict === 'ok' && adminUrl !== undefined && statusToken !== null
      ? examine('certificates', () => examineCertificates(config, statusToken))
      : null,
  ]);
  const told = [routes, certificates].filter((finding) => finding !== null);
  return [health, agents, caddy, ...told, examineClock(Date.now())];
}

async function examineHealth(
  { listenHost, listenPort }: GatewayConfig,
  howToStart: string,
): Promise<Finding> {
  const { isHealthy, says } = await askHealth({ service: 'gateway', host: listenHost, port: listenPort });
  return isHealthy ? ok('gateway', says) : failed('gateway', says, howToStart);
}

const statusSchema = z.object({ version: z.string(), agents: z.int(), tunnels: z.int() });

async function examineAgents({ listenHost, listenPort }: GatewayConfig): Promise<Finding> {
  const check = 'agents';
  const { status, json } = await ask({
    host: addressOf(listenHost),
    port: listenPort,
    path: STATUS_PATH,
  });
  const parsed = statusSchema.safeParse(json);
  if (status !== 200 || !parsed.success) {
    const saw = `port ${listenPort} answers ${STATUS_PATH} with ${status}, not as a gateway`;
    return failed(check, saw, 'correct OCTOPORTY_LISTEN_PORT, or stop what listens there');
  }
  const { version, agents, tunnels } = parsed.data;
  const versions = version === VERSION ? '' : `; the gateway runs version ${version}, here is ${VERSION}`;
  if (agents === 0) {
    return failed(
      check,
      `none is connected${versions}`,
      'start an agent, or run "octoporty doctor" beside it',
    );
  }
  return ok(check, `${agents} connected, tunnels: ${tunnels}${versions}`);
}

/** A machine that has lost its time wakes up in the past. Beyond that only an agent can compare: its doctor does. */
export function examineClock(wallMs: number): Finding {
  const check = 'clock';
  const installedMs = statSync(new URL(import.meta.url)).mtimeMs;
  const told = `${new Date(wallMs).toISOString().slice(0, 19)} UTC`;
  return wallMs >= installedMs
    ? ok(check, `${told}; the doctor beside an agent compares it with that machine's`)
    : failed(check, `${told}, which is before this program was installed`, 'set this machine by NTP');
}
