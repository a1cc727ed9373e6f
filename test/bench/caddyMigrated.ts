// What `caddyEdits.ts` runs in a network namespace of its own: edits of public names under load, and nothing else.

import { renames } from './caddyRenames.ts';
import { OLDEST } from './caddyWorld.ts';
import { runProofs } from './proofs.ts';

await runProofs(
  { renames },
  ['edits', 'seconds'],
  process.argv.slice(2).filter((arg) => arg !== OLDEST),
);
