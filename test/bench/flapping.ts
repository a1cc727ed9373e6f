// A mapping edited 200 times in a row while its tunnel flaps: in the end all agree, and nothing stale is served on the way.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { mappingSchema } from '../../protocol/mapping.ts';
import { get, until } from '../support/rig.ts';
import type { AdminApi } from './adminApi.ts';
import type { Stage } from './stage.ts';
import { askText, STATUS_TOKEN, type StandingAgent, type StandingGateway } from './standing.ts';
import { openAdmin, startPair } from './standingPair.ts';
import { check, checkWithin, note } from './verdict.ts';

const NAME = 'flapping.localhost';

/** Several at any time, so that some are under way whenever something happens. */
const VISITORS = 4;

/** A tunnel lives about so long. */
const FLAP_MS = 50;

/** Online within 5 s, and the newest revision with it. */
const LONGEST_AGREEMENT_MS = 5_000;

export async function flapping(
  stage: Stage,
  { rounds = 6, edits = 200 }: { rounds?: number; edits?: number },
): Promise<void> {
  const scene = await openScene(stage);
  const durations: number[] = [];
  const agreements: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const isKilled = round % 2 === 0;
    const visitors = startVisitors(scene);
    const flaps = isKilled ? startKills(scene.gateway) : startReconnects(scene.api);
    const startMs = performance.now();
    for (let n = 1; n <= edits; n += 1) await scene.edit();
    durations.push(performance.now() - startMs);
    const count = await flaps.stop();
    agreements.push(await agreedAfter(scene));
    const seen = await visitors.stop();
    note(
      `round ${round}: ${edits} edits in ${Math.round(durations.at(-1) ?? 0)} ms, ${count} times ${isKilled ? 'the gateway was killed' : 'the tunnel was dropped'}; ${seen.served} requests served, ${seen.refused} refused; acked revisions seen: ${seen.revisions}`,
    );
    check(
      `round ${round}: ${seen.stale} requests met a target older than an acked revision`,
      seen.stale === 0 && seen.served > 0,
    );
    await checkAgreement(scene, round);
  }
  note(`${edits} edits took ${durations.map((ms) => Math.round(ms)).join(', ')} ms`);
  checkWithin('store and gateway agree after the last flap', agreements, LONGEST_AGREEMENT_MS);
}

interface Scene {
  readonly gateway: StandingGateway;
  readonly agent: StandingAgent;
  readonly api: AdminApi;
  readonly id: string;
  /** The number of edits so far. */
  readonly edits: number;
  /** The revision in which so many edits are. */
  revisionOf(edits: number): number;
  /** The next edit: from then on the origin sees the new number. */
  edit(): Promise<void>;
}

/** The origin answers with the Host it was asked for, and each edit gives the mapping another one. */
async function openScene(stage: Stage): Promise<Scene> {
  const origin = createServer((asked, response) => response.end(asked.headers.host));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  stage.atEnd(() => {
    origin.closeAllConnections();
    origin.close();
  });
  const address = origin.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  // An agent whose tunnel flaps says so each time.
  const { gateway, agent } = await startPair(stage, { agentEnv: { OCTOPORTY_LOG_LEVEL: 'silent' } });
  const api = await openAdmin(stage, agent);
  const { mapping } = await api.create({
    name: 'flapping',
    externalDomain: NAME,
    internalHost: '127.0.0.1',
    internalPort: address.port,
    internalProtocol: 'http',
    hostHeader: hostOf(0),
  });
  const { revision } = (await api.status()).config;
  let edits = 0;
  return {
    gateway,
    agent,
    api,
    id: mapping.id,
    get edits() {
      return edits;
    },
    revisionOf: (count) => revision + count,
    async edit() {
      const answer = await api.ask('PATCH', `/mappings/${mapping.id}`, { hostHeader: hostOf(edits + 1) });
      if (answer.status !== 200) throw new Error(`edit ${edits + 1} was answered ${answer.status}`);
      edits += 1;
    },
  };
}

interface Seen {
  served: number;
  refused: number;
  stale: number;
  /** Different acked revisions that were seen before a request. */
  revisions: number;
}

/** Each looks which revision is acked, and asks then: what answers may be newer, never older. */
function startVisitors(scene: Scene): { stop(): Promise<Seen> } {
  const seen: Seen = { served: 0, refused: 0, stale: 0, revisions: 0 };
  const revisions = new Set<number>();
  let isOver = false;
  async function visit(): Promise<void> {
    while (!isOver) {
      const acked = (await scene.api.status()).config.ackedRevision ?? 0;
      revisions.add(acked);
      const answer = await get(scene.gateway.port, NAME).catch(() => null);
      if (answer?.status !== 200) {
        seen.refused += 1;
        await delay(FLAP_MS / 5);
        continue;
      }
      seen.served += 1;
      if (!(scene.revisionOf(editOf(answer.body)) >= acked)) seen.stale += 1;
    }
  }
  const visits = Promise.all(Array.from({ length: VISITORS }, visit));
  return {
    async stop() {
      isOver = true;
      await visits;
      return { ...seen, revisions: revisions.size };
    },
  };
}

interface Flaps {
  /** How often it happened. */
  stop(): Promise<number>;
}

function startReconnects(api: AdminApi): Flaps {
  return repeat(async () => {
    await api.ask('POST', '/reconnect');
    await delay(FLAP_MS);
  });
}

function startKills(gateway: StandingGateway): Flaps {
  return repeat(async () => {
    await gateway.service.end('SIGKILL');
    gateway.service.start();
    // It takes hundreds of milliseconds to begin at all.
    await until(
      'the gateway answers',
      async () => (await askText(gateway.address, gateway.port, '/health')) !== null,
    );
    await delay(Math.random() * 4 * FLAP_MS);
  });
}

function repeat(act: () => Promise<void>): Flaps {
  let isOver = false;
  let count = 0;
  async function goOn(): Promise<void> {
    while (!isOver) {
      await act();
      count += 1;
    }
  }
  const acting = goOn();
  return {
    async stop() {
      isOver = true;
      await acting;
      return count;
    },
  };
}

/** Milliseconds until the gateway has acked what the store holds. */
async function agreedAfter({ api, edits, revisionOf }: Scene): Promise<number> {
  const startMs = performance.now();
  const wanted = revisionOf(edits);
  await until(
    `revision ${wanted} is acked`,
    async () => {
      const { revision, ackedRevision } = (await api.status()).config;
      return revision === wanted && ackedRevision === wanted;
    },
    30_000,
  );
  return performance.now() - startMs;
}

const gatewaySchema = z.object({ sessions: z.array(z.object({ revision: z.number().nullable() })) });

async function checkAgreement({ api, gateway, id, edits, revisionOf }: Scene, round: number): Promise<void> {
  const stored = mappingSchema.parse((await api.ask('GET', `/mappings/${id}`)).body);
  check(`round ${round}: the store holds the last edit`, stored.hostHeader === hostOf(edits));
  const { body } = await get(gateway.port, NAME);
  check(`round ${round}: the newest target answers`, body === hostOf(edits));
  const status = await askText(gateway.address, gateway.port, '/api/v1/status', STATUS_TOKEN);
  const { sessions } = gatewaySchema.parse(JSON.parse(status ?? 'null'));
  const revisions = sessions.map(({ revision }) => revision);
  check(
    `round ${round}: the gateway has revision ${revisions.join()}, the store ${revisionOf(edits)}`,
    revisions.includes(revisionOf(edits)),
  );
}

function hostOf(edit: number): string {
  return `edit-${edit}.example`;
}

function editOf(host: string): number {
  return Number(/^edit-(\d+)\.example$/.exec(host)?.[1] ?? Number.NaN);
}
