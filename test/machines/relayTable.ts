// Owns what the tests of the relay share: how to bring one into each phase, and what to expect of each event there.

import { createActor } from 'xstate';
import {
  relayLogic,
  type RelayContext,
  type RelayEvent,
  type RelayInput,
  type RelayPhase,
} from '../../machines/relay.ts';

export const START_MS = 1_000;

/** As the gateway has it for a GET. */
export const GET: RelayInput = {
  nowMs: START_MS,
  isRepeatable: true,
  hasBody: false,
  isUpgrade: false,
  isHeldBack: false,
  openTimeoutMs: 5_000,
  openTimeoutCode: 'tunnel_offline',
  reopenTimeoutMs: 5_000,
  reopenTimeoutCode: 'tunnel_offline',
  headTimeoutMs: 60_000,
};

/** A request with a body, which may be sent only once. */
export const POST: RelayInput = { ...GET, isRepeatable: false, hasBody: true };

/** What brings a fresh relay into the phase. */
export const PATHS: Readonly<Record<RelayPhase, readonly RelayEvent[]>> = {
  opening: [],
  awaiting: [{ type: 'far.opened', nowMs: 2_000 }],
  responding: [
    { type: 'far.opened', nowMs: 2_000 },
    { type: 'far.answered', isUpgrade: false, hasBody: true },
  ],
  upgraded: [
    { type: 'far.opened', nowMs: 2_000 },
    { type: 'far.answered', isUpgrade: true, hasBody: true },
  ],
  ended: [{ type: 'near.left' }],
};

export function relay(input: RelayInput, events: readonly RelayEvent[] = []) {
  const actor = createActor(relayLogic, { input }).start();
  for (const event of events) actor.send(event);
  return {
    /** What the relay became by this event. */
    after: (...more: readonly RelayEvent[]): RelayContext => {
      for (const event of more) actor.send(event);
      return actor.getSnapshot().context;
    },
    get now(): RelayContext {
      return actor.getSnapshot().context;
    },
  };
}

/** What an event does in a phase; `ignored` changes nothing at all. */
export type Expectation = 'ignored' | (Partial<Omit<RelayContext, 'input'>> & { readonly phase: RelayPhase });

export type Column = Readonly<Record<RelayEvent['type'], Expectation>>;

/** One event of each type, late enough that no deadline of the paths above is due. */
export const EVENTS: { readonly [T in RelayEvent['type']]: Extract<RelayEvent, { type: T }> } = {
  'far.opened': { type: 'far.opened', nowMs: 3_000 },
  'near.ended': { type: 'near.ended', nowMs: 3_000 },
  'far.invited': { type: 'far.invited' },
  'far.answered': { type: 'far.answered', isUpgrade: false, hasBody: true },
  'far.ended': { type: 'far.ended' },
  'far.failed': { type: 'far.failed', code: 'origin_reset' },
  'far.lost': { type: 'far.lost', code: 'tunnel_lost', nowMs: 3_000 },
  'near.left': { type: 'near.left' },
  revoked: { type: 'revoked', code: 'mapping_gone' },
  tick: { type: 'tick', nowMs: 3_000 },
};
