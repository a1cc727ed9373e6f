// What a Caddy in front means for visitors, proven on real processes (`npm run caddy -- many|edits|streams|kills [--oldest]`).

import { edits } from './caddyEdits.ts';
import { caddyKills } from './caddyKills.ts';
import { caddyMany } from './caddyMany.ts';
import { streams } from './caddyStreams.ts';
import { OLDEST, provenCaddy } from './caddyWorld.ts';
import { runProofs } from './proofs.ts';
import { note } from './verdict.ts';

note(provenCaddy().name);
await runProofs(
  { many: caddyMany, edits, streams, kills: caddyKills },
  [
    // many: how many names there are at the first apply.
    'mappings',
    // many: of each kind. edits, streams: in one run.
    'edits',
    // edits: how long the load of one run lasts.
    'seconds',
    // streams: of the upload.
    'megabytes',
    // kills: how often.
    'rounds',
  ],
  process.argv.slice(2).filter((arg) => arg !== OLDEST),
);
