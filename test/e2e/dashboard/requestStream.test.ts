// Ten thousand requests stream through the tunnel while the requests page is open: the list stays smooth.

import { afterAll, expect } from 'vitest';
import type { JSHandle, Page } from 'playwright-core';
import { z } from 'zod';
import { useDashboard } from '../../support/dashboard.ts';
import { startLoad } from '../../support/load.ts';
import { openLoadOrigin, type LoadOrigin } from '../../support/loadOrigin.ts';
import { testWith } from '../../support/programs.ts';
import { until } from '../../support/rig.ts';
import { MAX_ROWS } from '../../../ui/pages/requests/requestFeed.ts';

const test = testWith('chromium');

const REQUESTS = 10_000;
/** Some 500 a second: gateway, agent, origin, visitor and browser share two cores. */
const LANES = 8;
const REST_MS = 12;
const STREAM_MS = 180_000;
/** Beside all other tests one run says as much as three. */
const RUNS = process.env.CI === 'true' ? 1 : 3;
const LONGEST_FRAME_MS = 100;
/** Two frames: an empty page that waits for longer does so for other processes, and a full one for a multiple of it. */
const QUIET_FRAME_MS = 34;
/** Of 10,000, even where the hub can tell only some. */
const FEWEST_LISTED = 1_000;

interface Run {
  /** Of the requests page. */
  readonly frameMs: number;
  /** Of an empty page at the same time: what the machine itself makes a frame wait. */
  readonly emptyFrameMs: number;
  /** The most that one task of the page took of the processor: the same on a busy machine. */
  readonly taskMs: number;
  readonly listed: number;
}

const traceSchema = z.object({
  traceEvents: z.array(
    z.object({
      name: z.string(),
      pid: z.number(),
      tid: z.number(),
      /** Microseconds on the processor. */
      tdur: z.number().optional(),
      args: z.object({ name: z.unknown().optional() }).optional(),
    }),
  ),
});

let origin: LoadOrigin;

const stage = useDashboard(async () => {
  origin = await openLoadOrigin();
  return { maps: [`app.localhost=http://127.0.0.1:${origin.port}`] };
});

afterAll(() => origin.stop());

test(
  'no frame takes longer than 100 ms while 10,000 requests stream in, in the median of three runs',
  async () => {
    const runs: Run[] = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await measure());
    console.info(runs);
    const median = (figure: keyof Run) =>
      runs.map((run) => run[figure]).sort((a, b) => a - b)[Math.floor(RUNS / 2)];
    expect(median('taskMs')).toBeLessThanOrEqual(LONGEST_FRAME_MS);
    // On a machine that is not quiet, others have the processor, and the figure is theirs.
    if ((median('emptyFrameMs') ?? 0) <= QUIET_FRAME_MS)
      expect(median('frameMs')).toBeLessThanOrEqual(LONGEST_FRAME_MS);
    stage.expectQuietConsole();
  },
  RUNS * STREAM_MS,
);

async function measure(): Promise<Run> {
  const empty = await stage.newPage();
  const page = await stage.logIn('/requests');
  await page.getByText('Live', { exact: true }).waitFor();
  await stage.browser.startTracing(page, { categories: ['toplevel'] });
  const frames = [await watchFrames(page), await watchFrames(empty)];
  await stream(REQUESTS);
  const [frameMs = 0, emptyFrameMs = 0] = await Promise.all(frames.map((seen) => seen.evaluate(endOfWatch)));
  const taskMs = longestTaskMs((await stage.browser.stopTracing()).toString());
  // The hub tells a part of so many, and how many it left.
  const listed = Number(await page.getByRole('grid', { name: 'Requests' }).getAttribute('aria-rowcount'));
  expect(listed).toBeGreaterThan(FEWEST_LISTED);
  expect(listed).toBeLessThanOrEqual(MAX_ROWS + 1);
  expect(await page.getByRole('row').count()).toBeLessThan(60);
  await page.context().close();
  await empty.context().close();
  return { frameMs, emptyFrameMs, taskMs, listed };
}

/** All answered, as fast as a busy machine allows. */
async function stream(count: number): Promise<void> {
  const target = { port: stage.rig.gatewayPort, name: 'app.localhost' };
  const load = startLoad({ target, lanes: { small: LANES }, restMs: REST_MS });
  await until(`${count} requests are answered`, () => load.counts.of('small', 'ok') >= count, STREAM_MS);
  await load.stop();
}

interface Frames {
  longestMs: number;
  isOver: boolean;
}

function watchFrames(page: Page): Promise<JSHandle<Frames>> {
  return page.evaluateHandle(() => {
    const seen: Frames = { longestMs: 0, isOver: false };
    let lastMs = performance.now();
    const look = (nowMs: number) => {
      seen.longestMs = Math.max(seen.longestMs, nowMs - lastMs);
      lastMs = nowMs;
      if (!seen.isOver) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    return seen;
  });
}

function endOfWatch(seen: Frames): number {
  seen.isOver = true;
  return seen.longestMs;
}

/** Of all pages' main threads: the empty one has none that counts. */
function longestTaskMs(trace: string): number {
  const { traceEvents } = traceSchema.parse(JSON.parse(trace));
  const keyOf = ({ pid, tid }: { pid: number; tid: number }) => `${pid} ${tid}`;
  const mains = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(keyOf),
  );
  const taskUs = traceEvents.filter((event) => mains.has(keyOf(event))).map(({ tdur = 0 }) => tdur);
  return taskUs.reduce((longest, us) => Math.max(longest, us), 0) / 1000;
}
