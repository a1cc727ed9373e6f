// Who may speak for an agent, and who for a name: side by side, take-over, living clones, taken names and their promotion.

import { cpSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { getSmall, startLoad, type Target } from '../support/load.ts';
import type { LoadOrigin } from '../support/loadOrigin.ts';
import { until } from '../support/rig.ts';
import type { Stage } from './stage.ts';
import {
  askText,
  createAgent,
  createGateway,
  onlineAfter,
  tunnelStateOf,
  tunnelsOf,
  urlOf,
  type StandingAgent,
  type StandingGateway,
} from './standing.ts';
import { startOrigin } from './standingPair.ts';
import { check, checkWithin, note } from './verdict.ts';

/** A clone or a claim has this long to do harm or to be told. */
const WATCH_MS = 4_000;

const PROMOTED_WITHIN_MS = 5_000;

interface Scene {
  readonly stage: Stage;
  readonly gateway: StandingGateway;
  readonly one: LoadOrigin;
  readonly two: LoadOrigin;
}

export async function agents(stage: Stage): Promise<void> {
  const [one, two] = [await startOrigin(stage, 'one'), await startOrigin(stage, 'two')];
  const gateway = await createGateway(stage);
  gateway.service.start();
  const scene = { stage, gateway, one, two };
  for (const prove of [sideBySide, takeOver, livingClone, promotion]) {
    try {
      await prove(scene);
    } catch (error) {
      check(error instanceof Error ? error.message : String(error), false);
    }
  }
}

async function sideBySide(scene: Scene): Promise<void> {
  const first = await add(scene, 'first', 'side-one.localhost', scene.one);
  const second = await add(scene, 'second', 'side-two.localhost', scene.two);
  const targets = [at(scene, 'side-one.localhost', 'one'), at(scene, 'side-two.localhost', 'two')] as const;
  await onlineAfter(first, targets[0]);
  await onlineAfter(second, targets[1]);
  check('two agents with different ids are online side by side', (await tunnelsOf(scene.gateway)) === 2);
  const loads = targets.map((target) => startLoad({ target, lanes: { small: 4, socket: 1 } }));
  await delay(2_000);
  await Promise.all(loads.map((load) => load.stop()));
  for (const [n, { counts }] of loads.entries()) {
    check(
      `agent ${n + 1} serves its own name from its own origin: ${counts.toString()}`,
      counts.total((outcome) => outcome !== 'ok') === 0,
    );
  }
  await end(first, second);
}

/** The old process is stopped, its socket still open: nothing but its silence tells the gateway. */
async function takeOver(scene: Scene): Promise<void> {
  const name = 'takeover.localhost';
  const durations: number[] = [];
  for (let round = 1; round <= 3; round += 1) {
    const old = await add(scene, `old-${round}`, name, scene.one);
    await onlineAfter(old, at(scene, name, 'one'));
    old.service.signal('SIGSTOP');
    const young = await add(scene, `young-${round}`, name, scene.two, copyOf(scene, old));
    const bootedMs = await readyAfter(young);
    const startMs = performance.now();
    await onlineAfter(young, at(scene, name, 'two'));
    durations.push(performance.now() - startMs);
    note(`the new process answered ${Math.round(bootedMs)} ms after its start`);
    old.service.signal('SIGCONT');
    await delay(WATCH_MS);
    check(
      'the old process, once it goes on, does not take the tunnel back',
      (await getSmall(at(scene, name, 'two'))) === 'ok' &&
        (await tunnelStateOf(young))?.startsWith('online') === true,
    );
    note(`the old process says: ${await tunnelStateOf(old)}`);
    await end(young, old);
  }
  checkWithin('a restarted agent takes over from a half-open predecessor', durations, 2_000);
}

async function livingClone(scene: Scene): Promise<void> {
  const name = 'clone.localhost';
  const first = await add(scene, 'original', name, scene.one);
  const target = at(scene, name, 'one');
  await onlineAfter(first, target);
  const load = startLoad({ target, lanes: { small: 4, events: 1, socket: 1 } });
  const clone = await add(scene, 'clone', name, scene.two, copyOf(scene, first));
  await until('the clone is refused', async () => (await tunnelStateOf(clone)) === 'rejected').catch(
    () => {},
  );
  await delay(WATCH_MS);
  const state = await tunnelStateOf(clone);
  await load.stop();
  check(`a living clone is refused: its health says ${state}`, state === 'rejected');
  check('its log names duplicate_agent', clone.service.output.includes('duplicate_agent'));
  check(
    `the first kept serving, undisturbed: ${load.counts.toString()}`,
    load.counts.total((outcome) => outcome !== 'ok') === 0,
  );
  await end(clone, first);
}

/** The second claim on a name waits, and gets it when the first ends or drops it; nobody restarts the second. */
async function promotion(scene: Scene): Promise<void> {
  const name = 'taken.localhost';
  for (const way of ['SIGTERM', 'SIGKILL', 'a successor without the name'] as const) {
    const first = await add(scene, 'owner', name, scene.one);
    await onlineAfter(first, at(scene, name, 'one'));
    const second = await add(scene, 'waiting', name, scene.two);
    await until(
      'the second is online',
      async () => (await tunnelStateOf(second))?.startsWith('online') === true,
    );
    await delay(500);
    check('the second agent says domain_taken in its log', second.service.output.includes('domain_taken'));
    check(
      'and on its page, in words',
      (await askText(second.address, second.uiPort, '/'))?.includes('publishes this name already') === true,
    );
    check('the name stays with the first', (await getSmall(at(scene, name, 'one'))) === 'ok');
    const { pid } = second.service;
    const startMs = performance.now();
    if (way === 'SIGTERM' || way === 'SIGKILL') await first.service.end(way);
    else await dropName(scene, first);
    await until(
      `promoted after ${way}`,
      async () => (await getSmall(at(scene, name, 'two'))) === 'ok',
      PROMOTED_WITHIN_MS * 2,
    ).catch(() => {});
    const tookMs = performance.now() - startMs;
    check(
      `after ${way} the second serves the name within ${Math.round(tookMs)} ms, not restarted`,
      tookMs < PROMOTED_WITHIN_MS && second.service.pid === pid,
    );
    check('and its log says so', second.service.output.includes('publishes this name now'));
    await end(second, first);
  }
}

/** The owner falls silent, and its next boot, which takes over, no longer asks for the name. */
async function dropName(scene: Scene, first: StandingAgent): Promise<void> {
  first.service.signal('SIGSTOP');
  const other = await createAgent(scene.stage, {
    name: 'owner-without',
    gatewayUrl: urlOf(scene.gateway),
    maps: [`other.localhost=http://127.0.0.1:${scene.one.port}`],
    dataDir: scene.stage.tempDir(),
  });
  cpSync(`${first.dataDir}/agent-id`, `${other.dataDir}/agent-id`);
  other.service.start();
  await onlineAfter(other, at(scene, 'other.localhost', 'one'));
}

async function add(
  { stage, gateway }: Scene,
  name: string,
  host: string,
  origin: LoadOrigin,
  dataDir = stage.tempDir(),
): Promise<StandingAgent> {
  const agent = await createAgent(stage, {
    name,
    gatewayUrl: urlOf(gateway),
    maps: [`${host}=http://127.0.0.1:${origin.port}`],
    dataDir,
  });
  agent.service.start();
  return agent;
}

/** A copy of the data folder, as a restored backup or a cloned machine has it. */
function copyOf({ stage }: Scene, agent: StandingAgent): string {
  const dir = stage.tempDir();
  cpSync(agent.dataDir, dir, { recursive: true });
  return dir;
}

async function readyAfter(agent: StandingAgent): Promise<number> {
  const startMs = performance.now();
  await until(`${agent.service.name} answers`, async () => (await tunnelStateOf(agent)) !== null);
  return performance.now() - startMs;
}

function at({ gateway }: Scene, name: string, label: string): Target {
  return { port: gateway.port, name, label };
}

async function end(...some: StandingAgent[]): Promise<void> {
  for (const { service } of some) await service.end('SIGKILL');
}
