// What the agent remembers, proven on real processes (`npm run memory -- many|killed|logged|flapping|stopped|frozen`).

import { flapping } from './flapping.ts';
import { frozen } from './frozen.ts';
import { killed } from './killed.ts';
import { logged } from './logged.ts';
import { many } from './many.ts';
import { runProofs } from './proofs.ts';
import { stopped } from './stopped.ts';

await runProofs(
  { many, killed, logged, flapping, stopped, frozen },
  {
    numbers: {
      rounds: 'killed, flapping: how often; logged: pairs of runs',
      edits: 'flapping: in each round',
      seconds: 'logged: how long one run takes; stopped, frozen: how long the database is away',
      requests: 'logged: how many with the log on, while memory is watched',
    },
  },
);
