// Owns how a service comes to run: its port is free, systemd starts it, and it says that it is well.

import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadHealthTarget, type Service } from '../config.ts';
import type { ConfigSources } from '../config/variables.ts';
import { askHealth } from '../health.ts';
import { listenProblem } from '../ports.ts';
import { installedSettings } from './settings.ts';
import { placesOf, say, SetUpError, type SetUp } from './setUp.ts';
import { NOT_FOUND } from './systemctl.ts';

/** A cold start on a small machine, and the agent's database. Raised: who waits learns later that it does not start. */
const HEALTH_WITHIN_MS = 30_000;
const HEALTH_POLL_MS = 250;

/** As systemctl says it, such as "active"; "unknown" where there is none to say it. */
export async function activeStateOf(
  service: Service,
  setUp: Pick<SetUp, 'root' | 'systemctl'>,
): Promise<string> {
  return stateIn((await setUp.systemctl('is-active', placesOf(service, setUp).unit)).output);
}

/** The same of its start with the system, such as "enabled". */
export async function enabledStateOf(
  service: Service,
  setUp: Pick<SetUp, 'root' | 'systemctl'>,
): Promise<string> {
  return stateIn((await setUp.systemctl('is-enabled', placesOf(service, setUp).unit)).output);
}

export async function isRunning(service: Service, setUp: SetUp): Promise<boolean> {
  return (await setUp.systemctl('is-active', '--quiet', placesOf(service, setUp).unit)).code === 0;
}

/** Its port is its own already, or free: whatever else answers there would pass for it. Throws SetUpError. */
export async function mayListen(service: Service, setUp: SetUp, sources: ConfigSources): Promise<void> {
  const { host, port } = loadHealthTarget(service, sources);
  const installed = installedSettings(service, setUp) ?? {};
  const before = loadHealthTarget(service, { environment: installed });
  if (before.port === port && (await isRunning(service, setUp))) return;
  const problem = await listenErrorOf(host, port);
  if (problem === null) return;
  const name = service === 'gateway' ? 'OCTOPORTY_LISTEN' : 'OCTOPORTY_UI';
  const listens = { portVariable: `${name}_PORT`, hostVariable: `${name}_HOST` };
  throw new SetUpError(listenProblem(problem, listens) ?? problem.message);
}

/** `isChanged`: what runs already is started anew. Throws SetUpError. */
export async function run(service: Service, setUp: SetUp, isChanged: boolean): Promise<void> {
  const { unit } = placesOf(service, setUp);
  const isActive = await isRunning(service, setUp);
  if (isChanged) await order(setUp, 'daemon-reload');
  await order(setUp, 'enable', '--now', unit);
  if (isActive && isChanged) await order(setUp, 'restart', unit);
  say(setUp, isActive ? (isChanged ? 'restarted' : 'unchanged') : 'started', unit);
}

/** systemd does not run there: a link that it finds at its next start is all. Throws SetUpError. */
export async function enableInTree(service: Service, setUp: SetUp): Promise<void> {
  const { unit } = placesOf(service, setUp);
  const { code, output } = setUp.isDry
    ? { code: 0, output: '' }
    : await setUp.systemctl(`--root=${setUp.root}`, 'enable', unit);
  if (code === NOT_FOUND) {
    setUp.print(`There is no systemctl here: enable ${unit} where systemd runs.`);
    return;
  }
  if (code !== 0) throw new SetUpError(`systemctl did not enable ${unit}: ${reasonIn(output)}`);
  say(setUp, 'enabled', `${unit}: it starts when the system in ${setUp.root} does`);
}

/** Waits until the service says that it is well; says so, or throws SetUpError. */
export async function becomeHealthy(
  service: Service,
  { print }: Pick<SetUp, 'print'>,
  sources: ConfigSources,
  withinMs = HEALTH_WITHIN_MS,
): Promise<void> {
  const target = loadHealthTarget(service, sources);
  const endMs = performance.now() + withinMs;
  let health = await askHealth(target);
  while (!health.isHealthy && performance.now() < endMs) {
    await sleep(HEALTH_POLL_MS);
    health = await askHealth(target);
  }
  if (!health.isHealthy) {
    throw new SetUpError(`${health.says} See why: journalctl --unit octoporty-${service} --lines 30`);
  }
  print(`\n${health.says}`);
}

/** A state is one word on a line of its own; beside it may stand why there is none. */
function stateIn(output: string): string {
  return output.split('\n').find((line) => /^[a-z-]+$/.test(line)) ?? 'unknown';
}

async function order({ systemctl, isDry }: SetUp, ...args: string[]): Promise<void> {
  if (isDry) return;
  const { code, output } = await systemctl(...args);
  if (code !== 0) throw new SetUpError(`systemctl ${args.join(' ')} has failed: ${reasonIn(output)}`);
}

/** Listens there for a moment. */
function listenErrorOf(host: string, port: number): Promise<Error | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(error));
    server.listen({ host, port }, () => server.close(() => resolve(null)));
  });
}

/** What systemctl has done before it failed is no reason. */
function reasonIn(output: string): string {
  return output.split('\n').find((line) => !line.startsWith('Created symlink')) ?? '';
}
