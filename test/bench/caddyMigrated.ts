// What `caddyEdits.ts` runs in a network namespace of its own: edits of public names under load, and nothing else.

import { renameUnderLoad, startLoadedWorld, type LoadSizes } from './caddyRenames.ts';
import { OLDEST } from './caddyWorld.ts';
import { runProofs } from './proofs.ts';
import type { Stage } from './stage.ts';

await runProofs(
  { migrated },
  ['edits', 'seconds'],
  process.argv.slice(2).filter((arg) => arg !== OLDEST),
);

async function migrated(stage: Stage, sizes: LoadSizes): Promise<void> {
  await renameUnderLoad(await startLoadedWorld(stage), sizes);
}
