// One visitor request's life, at either end: who waits for whom, until when, and the one outcome.

import { fromTransition } from 'xstate';
import type { ErrorCode } from '../protocol/errors.ts';

/**
 * Both ends relay between a near side that asked and a far side that answers. At the gateway near is the visitor and
 * far the tunnel; at the agent near is the tunnel and far the origin.
 *
 *   opening ──far.opened──▶ awaiting ──far.answered──▶ responding ──far.ended──▶ ended
 *      ▲                        │                      └▶ upgraded ──both ended──▶ ended
 *      └───────far.lost─────────┘ (once, and only if repeatable)
 */
export type RelayPhase = 'opening' | 'awaiting' | 'responding' | 'upgraded' | 'ended';

export type RelayEvent =
  /** The far side has the request. */
  | { type: 'far.opened'; nowMs: number }
  /** The last byte of the request body was passed on. */
  | { type: 'near.ended'; nowMs: number }
  /** 100 Continue: the far side asks for the body that was held back. */
  | { type: 'far.invited' }
  /** The final head. */
  | { type: 'far.answered'; isUpgrade: boolean; hasBody: boolean }
  | { type: 'far.ended' }
  /** The far side failed: to blame, and told so. */
  | { type: 'far.failed'; code: ErrorCode }
  /** The way to the far side died under the request: nobody knows whether it was seen. */
  | { type: 'far.lost'; code: ErrorCode; nowMs: number }
  /** Whoever asked has gone. */
  | { type: 'near.left' }
  /** The admin withdrew the mapping, or we shut down. */
  | { type: 'revoked'; code: ErrorCode }
  | { type: 'tick'; nowMs: number };

/** What the owner must do now, in order. */
export type RelayEffect =
  /** Ask the near side for the body that it holds back. */
  | { type: 'near.invite' }
  /** Dispatch the request to the far side again. */
  | { type: 'far.reopen' }
  /** Nothing was answered yet: answer with this error. */
  | { type: 'near.fail'; code: ErrorCode }
  /** The answer has begun and cannot be completed: break it off so that it never looks whole. */
  | { type: 'near.cut'; code: ErrorCode }
  /** Tell the far side to stop. */
  | { type: 'far.abort'; code: ErrorCode };

export interface RelayOutcome {
  readonly kind: 'complete' | 'failed' | 'cut' | 'left';
  readonly code: ErrorCode | null;
}

export interface RelayInput {
  readonly nowMs: number;
  /** The request may be sent twice. */
  readonly isRepeatable: boolean;
  /** The request has a body, or is an upgrade: the near side sends until `near.ended`. */
  readonly hasBody: boolean;
  /** What the near side sends is no request body but raw bytes, which end at any time or never: the head is awaited from the start. */
  readonly isUpgrade: boolean;
  /** The near side holds its body back until invited (Expect: 100-continue). */
  readonly isHeldBack: boolean;
  /** How long the far side may take to open, and what it means if it does not. */
  readonly openTimeoutMs: number;
  readonly openTimeoutCode: ErrorCode;
  /** The same for a far side that was there and was lost. */
  readonly reopenTimeoutMs: number;
  readonly reopenTimeoutCode: ErrorCode;
  /** How long the far side may take to answer after the last byte of the request; null: not our deadline. */
  readonly headTimeoutMs: number | null;
}

/**
 * A far side that ignores the expectation gets its body after this long (RFC 9110 §10.1.1 forbids waiting for ever).
 * Raised: uploads to such origins start later; lowered: origins that refuse by the head get bodies they never wanted.
 */
export const INVITE_AFTER_MS = 1_000;

export interface RelayContext {
  readonly phase: RelayPhase;
  readonly input: RelayInput;
  readonly isUploading: boolean;
  /** When to invite the body unasked; null once it was, or was never held back. */
  readonly inviteAtMs: number | null;
  readonly isFarOpen: boolean;
  /** Times the request was sent. */
  readonly sends: number;
  /** When the present wait is over; null when nothing is waited for. */
  readonly deadlineMs: number | null;
  readonly outcome: RelayOutcome | null;
  readonly effects: readonly RelayEffect[];
}

type Rule<T extends RelayEvent['type']> = (
  relay: RelayContext,
  event: Extract<RelayEvent, { type: T }>,
) => RelayContext;
type Rules = { readonly [T in RelayEvent['type']]?: Rule<T> };

const NO_EFFECTS: readonly RelayEffect[] = [];

const beforeHead: Rules = {
  'near.ended': (relay, { nowMs }) => awaitHead({ ...relay, isUploading: false, inviteAtMs: null }, nowMs),
  'far.failed': (relay, { code }) => fail(relay, code),
  'far.lost': (relay, { code, nowMs }) =>
    relay.input.isRepeatable && relay.sends < 2 ? reopen(relay, nowMs) : fail(relay, code),
  'near.left': (relay) => leave(relay),
  revoked: (relay, { code }) => fail(relay, code, true),
};

const afterHead: Rules = {
  'far.failed': (relay, { code }) => cut(relay, code),
  'far.lost': (relay, { code }) => cut(relay, code),
  'near.left': (relay) => leave(relay),
  revoked: (relay, { code }) => cut(relay, code, true),
};

/** State × event. What is not here is ignored in that state. */
const RULES: Readonly<Record<RelayPhase, Rules>> = {
  opening: {
    ...beforeHead,
    'far.opened': (relay, { nowMs }) =>
      awaitHead(
        {
          ...relay,
          phase: 'awaiting',
          sends: relay.sends + 1,
          inviteAtMs: relay.input.isHeldBack && relay.isUploading ? nowMs + INVITE_AFTER_MS : null,
        },
        nowMs,
      ),
    tick: (relay, { nowMs }) =>
      isDue(relay.deadlineMs, nowMs) ? fail(relay, openTimeoutCodeOf(relay), true) : relay,
  },
  awaiting: {
    ...beforeHead,
    'far.invited': (relay) => invite(relay),
    'far.answered': (relay, { isUpgrade, hasBody }) => answer(relay, isUpgrade, hasBody),
    tick: (relay, { nowMs }) => {
      if (isDue(relay.deadlineMs, nowMs)) return fail(relay, 'head_timeout', true);
      return isDue(relay.inviteAtMs, nowMs) ? invite(relay) : relay;
    },
  },
  responding: {
    ...afterHead,
    'near.ended': (relay) => ({ ...relay, isUploading: false }),
    'far.ended': (relay) => complete(relay),
  },
  upgraded: {
    ...afterHead,
    'near.ended': (relay) => {
      const sent: RelayContext = { ...relay, isUploading: false };
      return relay.isFarOpen ? sent : complete(sent);
    },
    'far.ended': (relay) => (relay.isUploading ? { ...relay, isFarOpen: false } : complete(relay)),
  },
  ended: {},
};

export const relayLogic = fromTransition<RelayContext, RelayEvent, never, RelayInput>(
  (relay, event) => step(relay, event),
  ({ input }) => ({
    phase: 'opening',
    input,
    isUploading: input.hasBody,
    inviteAtMs: null,
    isFarOpen: true,
    sends: 0,
    deadlineMs: input.nowMs + input.openTimeoutMs,
    outcome: null,
    effects: NO_EFFECTS,
  }),
);

function step(relay: RelayContext, event: RelayEvent): RelayContext {
  const quiet = relay.effects.length === 0 ? relay : { ...relay, effects: NO_EFFECTS };
  // The table pairs each type with a rule for its own events: what TypeScript cannot see through the lookup.
  const rule = RULES[relay.phase][event.type] as Rule<RelayEvent['type']> | undefined;
  return rule === undefined ? quiet : rule(quiet, event);
}

/** The head deadline runs from the last byte of the request body. */
function awaitHead(relay: RelayContext, nowMs: number): RelayContext {
  if (relay.phase !== 'awaiting') return relay;
  const { headTimeoutMs, isUpgrade } = relay.input;
  const isTooEarly = relay.isUploading && !isUpgrade;
  return { ...relay, deadlineMs: headTimeoutMs === null || isTooEarly ? null : nowMs + headTimeoutMs };
}

function invite(relay: RelayContext): RelayContext {
  return relay.inviteAtMs === null
    ? relay
    : { ...relay, inviteAtMs: null, effects: [{ type: 'near.invite' }] };
}

function answer(relay: RelayContext, isUpgrade: boolean, hasBody: boolean): RelayContext {
  if (isUpgrade) return { ...relay, phase: 'upgraded', deadlineMs: null };
  const responding: RelayContext = { ...relay, phase: 'responding', deadlineMs: null };
  return hasBody ? responding : complete(responding);
}

function reopen(relay: RelayContext, nowMs: number): RelayContext {
  const deadlineMs = nowMs + relay.input.reopenTimeoutMs;
  return { ...relay, phase: 'opening', deadlineMs, effects: [{ type: 'far.reopen' }] };
}

function openTimeoutCodeOf({ sends, input }: RelayContext): ErrorCode {
  return sends === 0 ? input.openTimeoutCode : input.reopenTimeoutCode;
}

/** A request whose answer is whole is over, even if its body never was: nobody needs the rest. */
function complete(relay: RelayContext): RelayContext {
  const effects: readonly RelayEffect[] = relay.isUploading
    ? [{ type: 'far.abort', code: 'cancelled' }]
    : NO_EFFECTS;
  return end(relay, { kind: 'complete', code: null }, effects);
}

function fail(relay: RelayContext, code: ErrorCode, isFarToBeTold = false): RelayContext {
  return end(relay, { kind: 'failed', code }, [...told(isFarToBeTold, code), { type: 'near.fail', code }]);
}

function cut(relay: RelayContext, code: ErrorCode, isFarToBeTold = false): RelayContext {
  return end(relay, { kind: 'cut', code }, [...told(isFarToBeTold, code), { type: 'near.cut', code }]);
}

function leave(relay: RelayContext): RelayContext {
  return end(relay, { kind: 'left', code: 'cancelled' }, told(true, 'cancelled'));
}

function told(isFarToBeTold: boolean, code: ErrorCode): RelayEffect[] {
  return isFarToBeTold ? [{ type: 'far.abort', code }] : [];
}

function end(relay: RelayContext, outcome: RelayOutcome, effects: readonly RelayEffect[]): RelayContext {
  return { ...relay, phase: 'ended', deadlineMs: null, outcome, effects };
}

function isDue(atMs: number | null, nowMs: number): boolean {
  return atMs !== null && nowMs >= atMs;
}
