// What tells one boot of an agent from the next.

import { randomText } from '../../machines/random.ts';
import { systemRandom } from '../random.ts';

/** A boot epoch is compared for equality only: 96 bits never meet twice. */
const EPOCH_BYTES = 12;

export function createBootEpoch(): string {
  return randomText(systemRandom, EPOCH_BYTES);
}
