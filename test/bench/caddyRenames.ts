// Public names that come, change and go while others are served at full load: how often Caddy is written, and who notices.

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { WRITE_PAUSE_MS } from '../../machines/reconciler.ts';
import type { Mapping } from '../../protocol/mapping.ts';
import { startHttp2Load } from '../support/http2Load.ts';
import {
  draftOf,
  edit,
  startCaddyWorld,
  untilApplied,
  untilQuiet,
  untilWritten,
  writesOf,
  type CaddyWorld,
} from './caddyWorld.ts';
import type { Stage } from './stage.ts';
import { startOrigin } from './standingPair.ts';
import { check, note } from './verdict.ts';
import { hasWrk, runWrk } from './wrk.ts';

export interface LoadSizes {
  readonly edits?: number;
  /** How long the load of one run lasts, if the edits do not take longer. */
  readonly seconds?: number;
}

const EDITS = 100;
const SECONDS = 15;

/** As browsers come: few connections with many requests. */
const HTTP2_CONNECTIONS = 8;
const HTTP2_STREAMS = 8;

/** The load runs at full speed when the first edit comes. */
const WARM_MS = 500;

/** A shorter load has no time for edits with quiet between them: it is there to see that all works. */
export const PACED_SECONDS = 6;

/** Edits take no longer, on however slow a machine. */
const LONGEST_SECONDS = 300;

/** An answer that is late is not lost. */
const LATE_SECONDS = 10;

/** A name that nobody edits. */
const BESIDE = 'beside.example';
/** What wrk asks the load origin for. */
const SMALL = '/small/wrk';

export interface LoadedWorld {
  readonly world: CaddyWorld;
  /** One that is not under load. */
  readonly mapping: Mapping;
  /** Renames another one, removes it, adds one, and so on. */
  readonly editName: () => Promise<void>;
}

/** `BESIDE` is served on both ports. */
export async function startLoadedWorld(stage: Stage): Promise<LoadedWorld> {
  if (!hasWrk()) throw new Error('wrk is needed (apt-get install wrk)');
  const origin = await startOrigin(stage);
  const world = await startCaddyWorld(stage);
  await world.api.create(draftOf(BESIDE, origin.port, 443));
  await world.api.create(draftOf(BESIDE, origin.port, 80));
  const { mapping } = await world.api.create(draftOf('edited.example', origin.port));
  const editName = await startNameEdits(world, origin.port);
  await untilApplied(world.gateway, 4);
  return { world, mapping, editName };
}

/** Each name is a new one, and the first is there before: edits that come to nothing together would not be written. */
async function startNameEdits({ api }: CaddyWorld, originPort: number): Promise<LoadedWorld['editName']> {
  let { mapping } = await api.create(draftOf('name-0.example', originPort));
  let edits = 0;
  return async () => {
    const kind = edits % 3;
    edits += 1;
    const name = `name-${edits}.example`;
    if (kind === 0) await edit(api, mapping, { externalDomain: name });
    else if (kind === 1) await api.ask('DELETE', `/mappings/${mapping.id}`);
    else ({ mapping } = await api.create(draftOf(name, originPort)));
  };
}

/** Edits of public names: as fast as the API takes them, then one for each write that may be. */
export async function renameUnderLoad(loaded: LoadedWorld, sizes: LoadSizes): Promise<void> {
  const { world, editName } = loaded;
  const { seconds = SECONDS } = sizes;
  const most = (tookMs: number) => Math.ceil(tookMs / WRITE_PAUSE_MS) + 1;
  for (const under of [underWrk, underHttp2]) {
    const burst = await under(loaded, sizes, async (count) => {
      for (let n = 0; n < count; n += 1) await editName();
    });
    check(
      `${burst.what}: ${burst.count} names renamed, removed and added in ${(burst.tookMs / 1000).toFixed(1)} s became ${burst.writes} writes to Caddy, at most one a second`,
      burst.writes > 0 && burst.writes <= most(burst.tookMs),
    );
    tell(burst);
    if (seconds < PACED_SECONDS) continue;
    // An edit waits for its write, and for quiet: two seconds are enough for one.
    const few = { seconds, edits: 3 * Math.floor(seconds / 6) };
    const steady = await under(loaded, few, async (count) => {
      for (let n = 0; n < count; n += 1) {
        const before = writesOf(world.caddy);
        await editName();
        await untilWritten(world, before);
      }
    });
    check(
      `${steady.what}: ${steady.count} such edits, each after quiet, became ${steady.writes}`,
      steady.writes === steady.count,
    );
    tell(steady);
  }
}

export interface LoadedRun {
  /** The kind of load. */
  readonly what: string;
  /** Edits. */
  readonly count: number;
  readonly tookMs: number;
  readonly writes: number;
  readonly requests: number;
  readonly failures: number;
  readonly kinds: string;
  /** Whether it must not fail whatever is written. */
  readonly isSafe: boolean;
}

type Work = (count: number) => Promise<void>;

/** HTTP/1.1 over kept connections, without TLS. */
export async function underWrk(loaded: LoadedWorld, sizes: LoadSizes, work: Work): Promise<LoadedRun> {
  const { world } = loaded;
  const { edits = EDITS, seconds = SECONDS } = sizes;
  await untilQuiet(world);
  const before = writesOf(world.caddy);
  const enough = new AbortController();
  const loading = runWrk({ port: world.ports.http, name: BESIDE }, LONGEST_SECONDS, {
    path: SMALL,
    timeoutSeconds: LATE_SECONDS,
    signal: enough.signal,
  });
  const tookMs = await workUnderLoad(work, edits, seconds);
  enough.abort();
  const { requests, failures, failuresByKind } = await loading;
  const writes = writesOf(world.caddy) - before;
  const kinds = Object.entries(failuresByKind).map(([kind, count]) => `${kind} ${count}`);
  return {
    what: 'wrk',
    count: edits,
    tookMs,
    writes,
    requests,
    failures,
    kinds: kinds.join(', '),
    isSafe: false,
  };
}

/** HTTP/2 over TLS. */
export async function underHttp2(loaded: LoadedWorld, sizes: LoadSizes, work: Work): Promise<LoadedRun> {
  const { world } = loaded;
  const { edits = EDITS, seconds = SECONDS } = sizes;
  await untilQuiet(world);
  const before = writesOf(world.caddy);
  const target = { port: world.ports.https, root: readFileSync(world.caddy.rootFile), name: BESIDE };
  const load = startHttp2Load(target, HTTP2_CONNECTIONS, HTTP2_STREAMS);
  const tookMs = await workUnderLoad(work, edits, seconds);
  await load.stop();
  const writes = writesOf(world.caddy) - before;
  const requests = [...load.outcomes.values()].reduce((sum, count) => sum + count, 0);
  const kinds = [...load.outcomes].map(([outcome, count]) => `${outcome} × ${count}`);
  return {
    what: 'HTTP/2',
    count: edits,
    tookMs,
    writes,
    requests,
    failures: requests - (load.outcomes.get('ok') ?? 0),
    kinds: `${kinds.join(', ')}; ${load.repeated} sent again, ${load.sessions} connections`,
    isSafe: true,
  };
}

function tell({ what, writes, requests, failures, kinds, isSafe }: LoadedRun): void {
  const sentence = `${what}: ${failures} of ${requests} requests failed, ${(failures / Math.max(1, writes)).toFixed(1)} for each write (${kinds})`;
  if (isSafe) check(sentence, failures === 0);
  else note(sentence);
}

/** Ms that the work takes. It lasts at least so many seconds with what comes before and after: the last write is under load too. */
async function workUnderLoad(work: Work, count: number, seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1_000;
  await delay(WARM_MS);
  const startMs = performance.now();
  await work(count);
  const tookMs = performance.now() - startMs;
  await delay(Math.max(WRITE_PAUSE_MS + WARM_MS, endMs - performance.now()));
  return tookMs;
}
