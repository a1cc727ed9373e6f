// Random things happen to mappings, processes and a real Caddy: what it serves must be right after each few of them.

import { expect, test } from 'vitest';
import { conduct, toldFailure } from '../caddyModel/conduct.ts';
import { caddies, testWithCaddy } from '../support/caddy.ts';

const TITLE = 'whatever happens, Caddy’s routes become what the mappings say, and what is not ours stays';

/** Its 60 steps hold nearly everything that a step can be. */
const SEED = 93;
const STEPS = 60;

if (caddies.length === 0) testWithCaddy(TITLE, () => {});

test.concurrent.each(caddies)(
  `${TITLE} ($name)`,
  async (binary) => {
    const { failure, counts } = await conduct({ binary, seed: SEED, steps: STEPS, isBrief: true });
    if (failure !== null) expect.fail(toldFailure(failure, SEED));
    for (const kind of ['gateway down', 'Caddy down', 'agent down', 'wiped', 'two writers'])
      expect([...counts.keys()]).toContain(kind);
  },
  60_000,
);
