// What a Caddy in front means for visitors, proven on real processes (`npm run caddy -- many|edits|streams|kills [--oldest]`).

import { edits } from './caddyEdits.ts';
import { caddyKills } from './caddyKills.ts';
import { caddyMany } from './caddyMany.ts';
import { streams } from './caddyStreams.ts';
import { OLDEST } from './caddyWorld.ts';
import { runProofs } from './proofs.ts';

await runProofs(
  { many: caddyMany, edits, streams, kills: caddyKills },
  {
    numbers: {
      mappings: 'many: how many names there are at the first apply',
      edits: 'many: of each kind; edits, streams: in one run',
      seconds: 'edits: how long the load of one run lasts',
      megabytes: 'streams: of the upload',
      rounds: 'kills: how often',
    },
    flags: { [OLDEST]: 'with the oldest Caddy that is supported' },
  },
);
