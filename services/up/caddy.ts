// Owns the Caddy of `octoporty up --caddy`: its folder, its configuration, and what the others need to know of it.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { ConfigError, type Variables } from '../config/variables.ts';
import { inDataFolder } from '../dataFolder.ts';
import type { Log } from '../log.ts';
import { createOwnerFolder } from '../ownerFolder.ts';
import { caddyBase, ROOT_FILE } from './caddyBase.ts';
import { requireCaddy } from './caddyBinary.ts';
import { CaddyProcess } from './caddyProcess.ts';
import { adminSocket, isAnswering } from './caddySocket.ts';
import { unusedPort } from './freePort.ts';

export interface CaddyOptions {
  /** A file, or a name on the PATH. */
  readonly binary: string;
  readonly dataDir: string;
  /** 0 takes any free port. */
  readonly httpsPort: number;
  /** What Caddy and its watcher may know of ours. */
  readonly environment: Variables;
  readonly log: Log;
}

export interface RunningCaddy {
  /** As OCTOPORTY_CADDY_ADMIN_URL has it. */
  readonly adminUrl: string;
  readonly httpsPort: number;
  /** The certificate that visitors have to trust. */
  readonly rootFile: string;
  /** Resolves with whether it serves this name in time. */
  serves(name: string): Promise<boolean>;
  stop(): Promise<void>;
}

/** One that another start has left is gone by then: it is ended with who started it. */
const LEAVING_MS = 5_000;

/** A first certificate takes some ms. Raised: where something is wrong, the banner comes later. */
const SERVING_MS = 5_000;

const HANDSHAKE_MS = 2_000;

const ASK_MS = 50;

/** Rejects with EADDRINUSE when the port is taken, and with ConfigError when there is no Caddy that would do. */
export async function startCaddy(options: CaddyOptions): Promise<RunningCaddy> {
  const { binary, dataDir, log } = options;
  // Caddy itself would share the port with whoever has it, and visitors would meet either.
  const httpsPort = await unusedPort(options.httpsPort);
  const folder = join(dataDir, 'caddy');
  // It looks for its folder below this one, by that name.
  const environment = { ...options.environment, XDG_DATA_HOME: dataDir, XDG_CONFIG_HOME: dataDir };
  await requireCaddy(binary, environment);
  const configFile = join(folder, 'caddy.json');
  const socket = inDataFolder(dataDir, () => {
    createOwnerFolder(folder);
    return adminSocket(folder);
  });
  if (!(await eventually(async () => !(await isAnswering(socket.path)), LEAVING_MS))) {
    throw new ConfigError(
      `Another Caddy runs on ${folder}: stop the "octoporty up --caddy" that started it.`,
    );
  }
  inDataFolder(dataDir, () => {
    const base = caddyBase({ socketPath: socket.path, httpsPort, folder });
    writeFileSync(configFile, JSON.stringify(base), { mode: 0o600 });
  });
  const caddy = new CaddyProcess({
    binary,
    args: ['run', '--config', configFile],
    environment,
    log,
    isReady: () => isAnswering(socket.path),
  });
  const stop = async () => {
    await caddy.stop();
    socket.remove();
  };
  try {
    await caddy.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const rootFile = join(folder, ...ROOT_FILE);
  return {
    adminUrl: `unix:${socket.path}`,
    httpsPort,
    rootFile,
    serves: (name) => eventually(() => hasCertificate(name, httpsPort, readFileSync(rootFile)), SERVING_MS),
    stop,
  };
}

/** Whether a visitor gets as far as the first request: then the name has its route and its certificate. */
function hasCertificate(name: string, port: number, root: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const visitor = connect({ host: '127.0.0.1', port, servername: name, ca: root, timeout: HANDSHAKE_MS });
    const leave = (isServed: boolean) => {
      visitor.destroy();
      resolve(isServed);
    };
    visitor.on('secureConnect', () => leave(true));
    visitor.on('timeout', () => leave(false));
    visitor.on('error', () => leave(false));
  });
}

async function eventually(isTrue: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const endMs = performance.now() + withinMs;
  while (!(await isTrue())) {
    if (performance.now() > endMs) return false;
    await delay(ASK_MS);
  }
  return true;
}
