// What tests of the configuration share: enough of it to start, and a file that is removed.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Variables } from '../../services/config/variables.ts';
import {
  loadAgentConfig,
  loadGatewayConfig,
  type AgentConfig,
  type GatewayConfig,
} from '../../services/config.ts';

export const SECRET = 'a'.repeat(32);
export const OTHER_SECRET = 'b'.repeat(40);

export const AGENT = {
  OCTOPORTY_AUTH_SECRET: SECRET,
  OCTOPORTY_GATEWAY_URL: 'wss://tunnel.example.com',
  OCTOPORTY_UI_PASSWORD: 'correct horse',
};

export function gateway(environment: Variables = {}): GatewayConfig {
  return loadGatewayConfig({ environment: { OCTOPORTY_AUTH_SECRET: SECRET, ...environment } });
}

export function agent(environment: Variables = {}): AgentConfig {
  return loadAgentConfig({ environment: { ...AGENT, ...environment } });
}

export function fileWith(text: string | Buffer): string {
  const dir = mkdtempSync(join(tmpdir(), 'octoporty-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'secret');
  writeFileSync(path, text);
  return path;
}
