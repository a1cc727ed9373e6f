// What `caddyEdits.ts` runs in a network namespace of its own: edits of public names under load, and nothing else.

import { renameUnderLoad, startLoadedWorld, type LoadSizes } from './caddyRenames.ts';
import { OLDEST } from './caddyWorld.ts';
import { runProofs } from './proofs.ts';
import type { Stage } from './stage.ts';

await runProofs(
  { migrated },
  {
    numbers: { edits: 'in one run', seconds: 'how long the load lasts' },
    flags: { [OLDEST]: 'as for caddy.ts' },
  },
);

async function migrated(stage: Stage, sizes: LoadSizes): Promise<void> {
  await renameUnderLoad(await startLoadedWorld(stage), sizes);
}
