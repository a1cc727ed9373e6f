// The machine's own randomness, good enough for nonces.

import { randomBytes } from 'node:crypto';
import type { Random } from '../machines/random.ts';

export const systemRandom: Random = { bytes: (count) => randomBytes(count) };
