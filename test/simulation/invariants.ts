// What must hold in every world, each under its name. The first violation ends the world.

import type { ErrorCode } from '../../protocol/errors.ts';
import type { ChannelLedger } from '../../protocol/channel.ts';
import type { OriginFault } from './plans.ts';
import {
  CHANNEL_WINDOW_BYTES,
  MAX_DATA_BYTES,
  MAX_WINDOW_BYTES,
  SPARE_WINDOW_BYTES,
} from '../../protocol/limits.ts';

/** What a stream may queue: its own bound and the one chunk that overran it. */
const MAX_QUEUED_BYTES = 64 * 1024 + 128 * 1024;

/** An end that is buffered beyond the window is a chunk that no credit covers. */
const MAX_BUFFERED_BYTES = MAX_WINDOW_BYTES + MAX_DATA_BYTES;

/** Codes with which an honest end never breaks an honest peer's wire. */
const NEVER_BETWEEN_HONEST_ENDS: ReadonlySet<ErrorCode> = new Set([
  'protocol_error',
  'unknown_stream',
  'credit_overdrawn',
  'message_too_large',
  'control_flood',
  'internal',
]);

/** Errors that only a certain failure of the origin excuses. */
const EXCUSES: Partial<Record<ErrorCode, readonly OriginFault[]>> = {
  origin_refused: ['refuses'],
  origin_reset: ['resetsBeforeHead', 'resetsMidBody', 'stale'],
  connect_timeout: ['hangs'],
};

/** Errors that a visitor of these worlds hears for no reason at all. */
const NEVER_HEARD: ReadonlySet<ErrorCode> = new Set([
  'internal',
  'bad_request',
  'head_too_large',
  'loop_detected',
  'overloaded',
  'origin_invalid',
  'origin_dns',
  'origin_tls',
  'origin_forbidden',
  'origin_unreachable',
] as const);

export interface Violation {
  readonly invariant: string;
  readonly detail: string;
}

export class Invariants {
  violation: Violation | null = null;

  /** 1. Every visitor request ends exactly once: a full response, an honest error, or a destroyed connection. */
  endsOnce(isFirst: boolean, requestId: string): void {
    this.check('endsOnce', isFirst, `${requestId} ended again`);
  }

  /** 1. After faults stop, every request ends within bounded time. */
  endsInTime(isOver: boolean, detail: string): void {
    this.check('endsInTime', isOver, detail);
  }

  /** 1. An error says what happened: nothing that did not happen, and never `internal`. */
  errorIsHonest(code: ErrorCode, fault: OriginFault, requestId: string): void {
    const excuses = EXCUSES[code];
    const isHonest = !NEVER_HEARD.has(code) && (excuses === undefined || excuses.includes(fault));
    this.check('errorIsHonest', isHonest, `${requestId} heard ${code}, its origin ${fault}`);
  }

  /** 2. Body bytes out equal bytes in, in order and to the last, or the exchange is destroyed. */
  bytesAreExact(areExact: boolean, requestId: string, detail: string): void {
    this.check('bytesAreExact', areExact, `${requestId}: ${detail}`);
  }

  /** 2. A complete answer is exactly what the origin sent for this very request. */
  answerIsItsOwn(isOwn: boolean, requestId: string, detail: string): void {
    this.check('answerIsItsOwn', isOwn, `${requestId}: ${detail}`);
  }

  /** 3. Bytes held per stream are within its window, per channel within its cap, and nothing is negative. */
  ledgerIsBounded(ledger: ChannelLedger, name: string): void {
    let held = 0;
    for (const stream of ledger.streams) {
      held += stream.heldBytes;
      const isBounded =
        stream.heldBytes >= 0 &&
        stream.heldBytes <= stream.windowBytes &&
        stream.windowBytes <= MAX_WINDOW_BYTES &&
        stream.queuedBytes >= 0 &&
        stream.queuedBytes <= MAX_QUEUED_BYTES &&
        stream.sendCreditBytes >= 0;
      if (!isBounded) this.check('ledgerIsBounded', false, `${name} stream ${JSON.stringify(stream)}`);
    }
    const { heldBytes, aheadBytes, spareBytes } = ledger;
    const isBounded =
      heldBytes >= held &&
      heldBytes <= CHANNEL_WINDOW_BYTES &&
      aheadBytes >= 0 &&
      spareBytes <= SPARE_WINDOW_BYTES;
    if (!isBounded)
      this.check('ledgerIsBounded', false, `${name} ${heldBytes} ${held} ${aheadBytes} ${spareBytes}`);
  }

  /** 3. With no stream left, a channel holds nothing and its spare pool is full again. */
  ledgerIsSettled({ streams, heldBytes, spareBytes }: ChannelLedger, name: string): void {
    const isSettled = streams.length === 0 && heldBytes === 0 && spareBytes === SPARE_WINDOW_BYTES;
    this.check(
      'ledgerIsSettled',
      isSettled,
      `${name}: ${streams.length} streams, ${heldBytes} held, ${SPARE_WINDOW_BYTES - spareBytes} missing`,
    );
  }

  /** 3. What waits before a slow visitor is bounded by its stream's window. */
  visitorBufferIsBounded(bytes: number, requestId: string): void {
    this.check('visitorBufferIsBounded', bytes <= MAX_BUFFERED_BYTES, `${requestId}: ${bytes}`);
  }

  /** 3. What waits before a slow origin is bounded by its stream's window. */
  originBufferIsBounded(bytes: number, requestId: string): void {
    this.check('originBufferIsBounded', bytes <= MAX_BUFFERED_BYTES, `${requestId}: ${bytes}`);
  }

  /** 3. Relay tables empty themselves. */
  tableIsEmpty(left: readonly { requestId: string }[], name: string): void {
    this.check(
      'tableIsEmpty',
      left.length === 0,
      `${name}: ${left.map(({ requestId }) => requestId).join()}`,
    );
  }

  /** 4. A request that is not safe reaches an origin once, a safe one at most twice; none is sent once its answer has begun. */
  isNotRepeated(isAllowed: boolean, requestId: string, detail: string): void {
    this.check('isNotRepeated', isAllowed, `${requestId}: ${detail}`);
  }

  /** 5. Once faults have stopped, each agent with the right secret is online within five seconds. */
  isOnlineInTime(isOnline: boolean, agent: string, detail: string): void {
    this.check('isOnlineInTime', isOnline, `${agent}: ${detail}`);
  }

  /** 5. An agent that does not know the secret publishes nothing. */
  strangerIsKeptOut(isOut: boolean, agent: string): void {
    this.check('strangerIsKeptOut', isOut, agent);
  }

  /** 5. Once all has settled, what is published is served in full and what is not is unknown. */
  worldIsWhole(isWhole: boolean, detail: string): void {
    this.check('worldIsWhole', isWhole, detail);
  }

  /** Identity. Among copies of an agent the living one keeps serving, and the others are told why they may not. */
  livingKeepsServing(holds: boolean, detail: string): void {
    this.check('livingKeepsServing', holds, detail);
  }

  /** Identity. Who is gone makes room: a copy that was refused takes over, a successor replaces a half-open wire. */
  successorTakesOver(holds: boolean, detail: string): void {
    this.check('successorTakesOver', holds, detail);
  }

  /** Names. No two agents are granted the same name at the same time. */
  nameHasOneOwner(isOne: boolean, detail: string): void {
    this.check('nameHasOneOwner', isOne, detail);
  }

  /** Names. A request goes to the agent that owns the name at that moment. */
  answererOwns(isOwner: boolean, requestId: string): void {
    this.check('answererOwns', isOwner, requestId);
  }

  /** Names. Whoever does not get a name is told so, and told again when its turn comes. */
  refusalIsTold(isTold: boolean, detail: string): void {
    this.check('refusalIsTold', isTold, detail);
  }

  /** Names. Whoever gets a name is told that its route is there, and nobody else is. */
  routeIsTold(isTold: boolean, detail: string): void {
    this.check('routeIsTold', isTold, detail);
  }

  /** Auth. Whoever knows a secret that is valid is never refused for it, and a renewal never comes too late. */
  secretOpens(isOpen: boolean, detail: string): void {
    this.check('secretOpens', isOpen, detail);
  }

  /** 6. A mapping leads where the agent's store says now, or nowhere. */
  mappingIsCurrent(isCurrent: boolean, requestId: string, detail: string): void {
    this.check('mappingIsCurrent', isCurrent, `${requestId}: ${detail}`);
  }

  /** 6. Streams of a mapping that is gone or leads elsewhere end within a second. */
  accessEnds(hasEnded: boolean, requestId: string): void {
    this.check('accessEnds', hasEnded, requestId);
  }

  /** A visitor who leaves cancels the origin's request. */
  leaverCancels(isCancelled: boolean, requestId: string): void {
    this.check('leaverCancels', isCancelled, requestId);
  }

  /** 7. After shutdown: no timers, no wires, no actors, no sweeps. */
  nothingIsLeft(isNothing: boolean, what: string): void {
    this.check('nothingIsLeft', isNothing, what);
  }

  /** Two honest ends never accuse each other of breaking the protocol. */
  honestEndsAgree(code: ErrorCode, detail: string): void {
    this.check('honestEndsAgree', !NEVER_BETWEEN_HONEST_ENDS.has(code), `${code} ${detail}`);
  }

  /** Nothing throws. */
  nothingThrows(error: unknown, where: string): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.check('nothingThrows', false, `${where}: ${what}`);
  }

  /** Ports are called as they allow. */
  portsAreUsedRightly(isRight: boolean, detail: string): void {
    this.check('portsAreUsedRightly', isRight, detail);
  }

  private check(invariant: string, holds: boolean, detail: string): void {
    if (!holds) this.violation ??= { invariant, detail };
  }
}
