// What tests of services share: a folder that stands for a system, a systemctl that is played, services that answer, ports.

import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSocketServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Service } from '../../services/config.ts';
import { install } from '../../services/serviceUnits/install.ts';
import { parseEnvText } from '../../services/serviceUnits/envText.ts';
import type { GivenSettings } from '../../services/serviceUnits/settings.ts';
import type { SetUp } from '../../services/serviceUnits/setUp.ts';
import type { Outcome } from '../../services/serviceUnits/systemctl.ts';
import { tempDir } from './spawned.ts';

export const SECRET = 's'.repeat(40);

/** Enough to install an agent with. */
export const AGENT = {
  OCTOPORTY_AUTH_SECRET: SECRET,
  OCTOPORTY_GATEWAY_URL: 'wss://tunnel.example.com',
  OCTOPORTY_UI_PASSWORD: 'correct horse',
};

export const PROGRAM = {
  node: '/usr/bin/node',
  options: ['--flag=2'],
  script: '/opt/octoporty/services/cli.js',
};

export class Stage {
  readonly root = tempDir();
  readonly printed: string[] = [];
  /** What systemctl was asked, but for questions. */
  readonly orders: string[] = [];
  /** Whether what is started answers. */
  areServicesWell = true;
  readonly #isBooted: boolean;
  readonly #running = new Map<string, Server>();

  /** `isBooted`: systemd runs there; else it is a tree that stands for another system. */
  constructor(isBooted = true) {
    this.#isBooted = isBooted;
    if (isBooted) mkdirSync(join(this.root, 'run', 'systemd', 'system'), { recursive: true });
    onTestFinished(() => {
      for (const server of this.#running.values()) server.close();
    });
  }

  setUp(isDry = false): SetUp {
    return {
      root: this.root,
      isThisSystem: this.#isBooted,
      isDry,
      systemctl: (...args) => this.#answer(args),
      print: (line) => this.printed.push(line),
    };
  }

  install(service: Service, given: Partial<GivenSettings> = {}, isDry = false): Promise<void> {
    const nobody = { flags: {}, environment: {}, file: null, ask: null };
    return install(
      service,
      this.setUp(isDry),
      { ...nobody, ...given },
      PROGRAM,
      this.areServicesWell ? 5000 : 0,
    );
  }

  /** A file below the root. */
  text(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** What was printed since the last look, in lines. */
  said(): string[] {
    return this.printed.splice(0).flatMap((text) => text.split('\n'));
  }

  async #answer(args: readonly string[]): Promise<Outcome> {
    const [verb = '', ...rest] = args;
    const unit = rest.at(-1) ?? '';
    const isRunning = this.#running.has(unit);
    if (verb === 'is-active')
      return isRunning ? { code: 0, output: 'active' } : { code: 3, output: 'inactive' };
    if (verb === 'is-enabled') return { code: 0, output: 'enabled' };
    this.orders.push(args.join(' ').replace(this.root, 'ROOT'));
    if (verb === 'enable' && !isRunning) await this.#start(unit);
    if (verb === 'restart') {
      this.#stop(unit);
      await this.#start(unit);
    }
    if (verb === 'disable' || verb === 'stop') this.#stop(unit);
    return { code: 0, output: '' };
  }

  async #start(unit: string): Promise<void> {
    const path = join('etc', 'octoporty', `${unit.replace('octoporty-', '')}.env`);
    const settings = parseEnvText(path, this.text(path));
    const port = Number((settings.get('OCTOPORTY_LISTEN_PORT') ?? settings.get('OCTOPORTY_UI_PORT'))?.text);
    const server = createServer((_request, response) => {
      response.writeHead(this.areServicesWell ? 200 : 503).end();
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    this.#running.set(unit, server);
  }

  #stop(unit: string): void {
    this.#running.get(unit)?.close();
    this.#running.delete(unit);
  }
}

/** As settings say it. */
export async function freePort(): Promise<string> {
  const server = createSocketServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** On every address; somebody listens there until the test is over. */
export async function takenPort(): Promise<string> {
  const server = createSocketServer().listen(0);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return portOf(server.address());
}

function portOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return String(address.port);
}
