// A thousand names at once, and then one edit: how long until Caddy serves them, and what of it is the making of certificates.

import { setTimeout as delay } from 'node:timers/promises';
import type { LoadOrigin } from '../support/loadOrigin.ts';
import { get, until } from '../support/rig.ts';
import {
  draftOf,
  edit,
  startCaddyWorld,
  untilApplied,
  untilQuiet,
  type CaddyWorld,
  type CaddyWorldOptions,
} from './caddyWorld.ts';
import { putMappings } from './manyMappings.ts';
import { Stage } from './stage.ts';
import { startOrigin } from './standingPair.ts';
import { check, inSeconds, note, percentile } from './verdict.ts';

const MAPPINGS = 1_000;
const EDITS = 15;

const FIRST_APPLY_MS = 2_000;
const ONE_EDIT_MS = 200;

/** Memory as a file system. */
const IN_MEMORY = '/dev/shm';

/** A name that is not served by then never will be. */
const PATIENCE_MS = 30_000;

/** Between two questions whether an edit is served. */
const ASK_MS = 5;

/** Names that are asked for, spread over all: a certificate is made for each, in no order. */
const SAMPLES = 50;

/** Names that are asked for at a time: more would take the processor that makes their certificates. */
const ASKED_AT_ONCE = 4;

interface Sizes {
  readonly mappings: number;
  readonly edits: number;
}

/**
 * With names that have no certificate yet, most of the time is Caddy's: it makes one for each name and stores it, whatever
 * the writer does, and how long that takes is up to the disk. So it is told, and held against the bound where the
 * disk is memory.
 */
export async function caddyMany(
  stage: Stage,
  { mappings = MAPPINGS, edits = EDITS }: Partial<Sizes> = {},
): Promise<void> {
  const origins = { first: await startOrigin(stage, 'first'), second: await startOrigin(stage, 'second') };
  const sizes = { mappings, edits };
  const inWorld = (options: CaddyWorldOptions, prove: (world: CaddyWorld, ask: Ask) => Promise<void>) =>
    withStage(stage, async (inner) => {
      const world = await startCaddyWorld(inner, options);
      await loadMappings(world, origins.first, mappings);
      await prove(world, options.isPlain === true ? plainAsk(world) : tlsAsk(world));
    });

  await inWorld({ isPlain: true }, async (world, ask) => {
    checkApply(`${mappings} names without TLS`, await applyAll(world, ask, mappings));
    await checkEdits('without TLS', ask, world, origins, sizes);
  });
  await inWorld({}, async (world, ask) => {
    note(
      `${mappings} names without certificates, kept on this disk: ${told(await applyAll(world, ask, mappings))}`,
    );
    await forgetAll(world);
    checkApply(`${mappings} names that have their certificates`, await applyAll(world, ask, mappings));
    await checkEdits('with its new certificate', ask, world, origins, sizes);
  });
  await inWorld({ parentDir: IN_MEMORY }, async (world, ask) => {
    const applied = await applyAll(world, ask, mappings);
    checkApply(`${mappings} names without certificates, kept in memory`, applied);
    await checkEdits('with its new certificate, kept in memory', ask, world, origins, sizes);
  });
}

/** What it puts up is down before the next begins. */
async function withStage(outer: Stage, work: (stage: Stage) => Promise<void>): Promise<void> {
  const inner = new Stage();
  outer.atEnd(() => inner.end());
  try {
    await work(inner);
  } finally {
    await inner.end();
  }
}

/** Into the agent's store, while it is down. */
async function loadMappings({ agent }: CaddyWorld, origin: LoadOrigin, count: number): Promise<void> {
  await agent.service.end('SIGTERM');
  await putMappings(agent.dataDir, count, origin.port);
}

/** Caddy comes back without a route of ours, but with its certificates, and the gateway without a memory of them. */
async function forgetAll({ agent, caddy, gateway }: CaddyWorld): Promise<void> {
  await agent.service.end('SIGTERM');
  await gateway.service.end('SIGTERM');
  await caddy.kill('SIGTERM');
  await caddy.start();
  gateway.service.start();
  await untilApplied(gateway, 0);
}

/** From the ack of a revision. */
interface Applied {
  /** Until Caddy has the routes. */
  readonly routedMs: number;
  /** Until a sample of the names is answered. */
  readonly servedMs: number;
}

/** The agent comes with all its mappings. */
async function applyAll(world: CaddyWorld, ask: Ask, count: number): Promise<Applied> {
  await untilQuiet(world);
  world.agent.service.start();
  await until('the revision is acked', () => isAcked(world), 15_000);
  const ackedMs = performance.now();
  await untilApplied(world.gateway, count);
  const routedMs = performance.now() - ackedMs;
  const names = Array.from(
    { length: SAMPLES },
    (_, n) => `many-${Math.floor((n * count) / SAMPLES)}.example`,
  );
  const lane = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop())
      await untilAnswered(ask, name, 'first');
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, lane));
  return { routedMs, servedMs: performance.now() - ackedMs };
}

async function isAcked({ api }: CaddyWorld): Promise<boolean> {
  const status = await api.status().catch(() => null);
  return status !== null && status.tunnels > 0 && status.config.ackedRevision === status.config.revision;
}

function checkApply(what: string, applied: Applied): void {
  check(`${what}: ${told(applied)}, below ${inSeconds(FIRST_APPLY_MS)}`, applied.servedMs < FIRST_APPLY_MS);
}

function told({ routedMs, servedMs }: Applied): string {
  return `routes after ${inSeconds(routedMs)}, ${SAMPLES} of the names answered after ${inSeconds(servedMs)}`;
}

/** What a visitor of a name gets; null: nobody answers, or not with a certificate. */
type Ask = (name: string) => Promise<{ status: number; body: string } | null>;

function plainAsk({ ports }: CaddyWorld): Ask {
  return (name) => get(ports.https, name, '/small/1').catch(() => null);
}

function tlsAsk(world: CaddyWorld): Ask {
  return (name) =>
    world
      .visitor()
      .get(name, '/small/1')
      .catch(() => null);
}

/** Each after quiet: the second of two in a second waits its turn, so that visitors lose less. */
async function checkEdits(
  how: string,
  ask: Ask,
  world: CaddyWorld,
  origins: { first: LoadOrigin; second: LoadOrigin },
  { edits }: Sizes,
): Promise<void> {
  const took = { name: [] as number[], target: [] as number[] };
  for (let n = 0; n < edits; n += 1) {
    const domain = `edit-${n}.example`;
    await untilQuiet(world);
    const mapping = await timed(took.name, async () => {
      const created = await world.api.create(draftOf(domain, origins.first.port));
      await untilAnswered(ask, domain, 'first');
      return created.mapping;
    });
    await timed(took.target, async () => {
      await edit(world.api, mapping, { internalPort: origins.second.port });
      await untilAnswered(ask, domain, 'second');
    });
  }
  checkEdit(`a new name ${how}`, took.name);
  checkEdit('a new target', took.target);
}

async function timed<Result>(took: number[], work: () => Promise<Result>): Promise<Result> {
  const startMs = performance.now();
  const result = await work();
  took.push(performance.now() - startMs);
  return result;
}

async function untilAnswered(ask: Ask, name: string, label: string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!isFrom(await ask(name), label)) {
    if (performance.now() > endMs) throw new Error(`${name} is not served by the ${label} origin`);
    await delay(ASK_MS);
  }
}

function isFrom(answer: { status: number; body: string } | null, label: string): boolean {
  return answer !== null && answer.status === 200 && answer.body.startsWith(`${label} `);
}

function checkEdit(what: string, tookMs: readonly number[]): void {
  const median = percentile(tookMs, 0.5);
  check(
    `${what} is served ${median.toFixed(0)} ms after it was sent (median of ${tookMs.length}, longest ${Math.max(...tookMs).toFixed(0)}), below ${ONE_EDIT_MS}`,
    median < ONE_EDIT_MS,
  );
}
