// Random things happen to mappings, processes and a real Caddy: what it serves must be right after each few of them.

import { expect, test } from 'vitest';
import { conduct, toldFailure } from '../caddyModel/conduct.ts';
import { caddies, testWithCaddy } from '../support/caddy.ts';

const TITLE = 'whatever happens, Caddy’s routes become what the mappings say, and what is not ours stays';

/** Its 60 steps hold nearly everything that a step can be. */
const SEED = 93;
const STEPS = 60;

/** The step that is under way ends first. */
const STOP_MS = 60_000;

if (caddies.length === 0) testWithCaddy(TITLE, () => {});

test.concurrent.for(caddies)(`${TITLE} ($name)`, { timeout: 120_000 }, async (binary, { onTestFinished }) => {
  const ending = new AbortController();
  const running = conduct({ binary, seed: SEED, steps: STEPS, isBrief: true, signal: ending.signal });
  // One that takes too long leaves no processes behind.
  onTestFinished(async () => {
    ending.abort();
    await Promise.allSettled([running]);
  }, STOP_MS);
  const { failure, counts } = await running;
  if (failure !== null) expect.fail(toldFailure(failure, SEED));
  for (const kind of ['gateway down', 'Caddy down', 'agent down', 'wiped', 'two writers'])
    expect([...counts.keys()]).toContain(kind);
});
