// Owns what `octoporty up` chooses where nobody has: loopback, few log lines, and what it keeps in the data folder.

import { TUNNEL_PATH } from '../../protocol/control.ts';
import type { ConfigSources } from '../config/variables.ts';
import { addressOf } from '../health.ts';
import { readKept } from './keptText.ts';
import { atRunningUp, runningUp } from './runningUp.ts';
import { loadUpConfig } from './upConfig.ts';
import type { Whereabouts } from './whereabouts.ts';

export interface KeptSettings {
  readonly secret?: string | undefined;
  readonly password?: string | undefined;
  /** Caddy stands in front: then the gateway needs a name of its own. */
  readonly hasCaddy?: boolean;
}

const GATEWAY_HOST = 'gateway.localhost';

/** The sources with what `up` puts into them. */
export function upSources(
  sources: ConfigSources,
  { secret, password, hasCaddy }: KeptSettings,
): ConfigSources {
  return {
    ...sources,
    defaults: {
      OCTOPORTY_LISTEN_HOST: '127.0.0.1',
      OCTOPORTY_LOG_LEVEL: 'warn',
      OCTOPORTY_AUTH_SECRET: secret,
      OCTOPORTY_UI_PASSWORD: password,
      ...(hasCaddy === true ? { OCTOPORTY_GATEWAY_HOST: GATEWAY_HOST } : {}),
    },
    // The agent dials the gateway beside it, whatever the environment says for others.
    flags: { ...sources.flags, OCTOPORTY_GATEWAY_URL: 'ws://127.0.0.1' },
  };
}

/** Where the agent of `up` dials: what listens beside it. */
export function gatewayUrlBeside(listenHost: string, port: number): string {
  const address = addressOf(listenHost);
  return `ws://${address.includes(':') ? `[${address}]` : address}:${port}${TUNNEL_PATH}`;
}

/** What `up` has made in the data folder. */
export interface KeptUp {
  readonly sources: ConfigSources;
  /** Null: it does not run now. */
  readonly running: Whereabouts | null;
}

/** The set-up that is kept in the data folder; null when there is none. Nothing is made up or kept. */
export async function keptUp(sources: ConfigSources): Promise<KeptUp | null> {
  const { dataDir, hasSecret, hasPassword } = loadUpConfig(upSources(sources, {}));
  const secret = hasSecret ? undefined : readKept(dataDir, 'secret');
  if (secret === null) return null;
  const password = hasPassword ? undefined : (readKept(dataDir, 'password') ?? undefined);
  const running = await runningUp(sources);
  if (running === null) return { sources: upSources(sources, { secret, password }), running };
  const hasCaddy = running.caddy !== null;
  return { sources: upSources(atRunningUp(sources, running), { secret, password, hasCaddy }), running };
}
