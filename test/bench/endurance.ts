// The tunnel's endurance, proven on real processes (`npm run endurance -- half-open|kills|restarts|agents|lifetime|suspend`).

import { agents } from './agents.ts';
import { halfOpen } from './halfOpen.ts';
import { kills } from './kills.ts';
import { lifetime } from './lifetime.ts';
import { runProofs } from './proofs.ts';
import { restarts } from './restarts.ts';
import { suspend } from './suspend.ts';

await runProofs(
  { 'half-open': halfOpen, kills, restarts, agents, lifetime, suspend },
  {
    numbers: {
      rounds: 'half-open, kills, restarts: how often',
      seconds: 'half-open: how long the network is away; suspend: how long a process is stopped',
      rate: 'restarts: requests a second',
      names: 'restarts: the public names they are spread over',
    },
  },
);
