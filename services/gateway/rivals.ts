// Which of the live wires of one agent stays, and which comes too late.

import type { Identity } from '../../protocol/tokens.ts';

/** Of the wires of one boot the one with the higher attempt was dialled later. */
export function isNewer(one: Identity, other: Identity): boolean {
  return one.epoch === other.epoch && one.attempt > other.attempt;
}

/**
 * Several wires may have been found free before one of them came online. A newer one of the same boot stays; of two
 * boots the first stays, and the other dials again: then the first is asked whether it lives.
 */
export function comesTooLate(newcomer: Identity, rivals: readonly { identity: Identity }[]): boolean {
  return rivals.some(({ identity }) => identity.epoch !== newcomer.epoch || isNewer(identity, newcomer));
}
