// The actors of relays, at either end: each decides about one request, its owner does what it decides, the bus hears the end.

import { createActor, type Actor } from 'xstate';
import type { Bus } from './bus.ts';
import { machineClock, type Clock } from '../machines/clock.ts';
import type { ErrorCode } from '../protocol/errors.ts';
import {
  relayLogic,
  type RelayContext,
  type RelayEffect,
  type RelayEvent,
  type RelayInput,
} from '../machines/relay.ts';
import { createSweep, type Sweep } from './sweep.ts';

/** The request that a relay is about. */
export interface RelaySubject {
  readonly requestId: string;
  readonly method: string;
  readonly target: string;
  readonly visitorAddress: string;
}

/** Moves the bytes of one request between its two sides. */
export interface RelayOwner {
  perform(effect: RelayEffect): void;
  /** The last call: nothing is decided any more. */
  release(): void;
}

/** A relay in flight, as the status shows it. */
export interface RelayView {
  readonly requestId: string;
  readonly phase: RelayContext['phase'];
  readonly ageMs: number;
}

export interface RelayActorsOptions {
  readonly clock: Clock;
  readonly bus: Bus;
}

/** The relays of one end that have not ended. */
export class RelayActors<Owner extends RelayOwner> {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly machineClock: ReturnType<typeof machineClock>;
  readonly sweep: Sweep<RelayActor<Owner>>;

  constructor({ clock, bus }: RelayActorsOptions) {
    this.clock = clock;
    this.bus = bus;
    this.machineClock = machineClock(clock);
    this.sweep = createSweep(clock, (relay, nowMs) => {
      relay.decide({ type: 'tick', nowMs });
    });
  }

  /** Those that are live now: ending one while looking at another is safe. */
  live(): readonly RelayActor<Owner>[] {
    return [...this.sweep.items];
  }

  /** Ends every relay: answers what is unanswered, breaks off the rest. */
  endAll(code: ErrorCode): void {
    for (const relay of this.live()) relay.decide({ type: 'revoked', code });
  }

  list(): readonly RelayView[] {
    const nowMs = this.clock.nowMs();
    return this.live().map((relay) => relay.view(nowMs));
  }
}

export interface RelayStart<Owner extends RelayOwner> {
  readonly subject: RelaySubject;
  readonly owner: Owner;
  readonly input: Omit<RelayInput, 'nowMs'>;
}

export class RelayActor<Owner extends RelayOwner> {
  readonly owner: Owner;
  /** What the end will tell besides its outcome: the owner keeps them up to date. */
  mappingId: string | null = null;
  status: number | null = null;
  /** By the monotonic clock, when the head of the answer came. */
  headAtMs: number | null = null;
  bytesIn = 0;
  bytesOut = 0;
  private readonly all: RelayActors<Owner>;
  private readonly subject: RelaySubject;
  private readonly actor: Actor<typeof relayLogic>;
  private readonly startedMs: number;

  constructor(all: RelayActors<Owner>, { subject, owner, input }: RelayStart<Owner>) {
    this.all = all;
    this.subject = subject;
    this.owner = owner;
    this.startedMs = all.clock.nowMs();
    this.actor = createActor(relayLogic, {
      clock: all.machineClock,
      input: { ...input, nowMs: this.startedMs },
    });
    this.actor.start();
    all.sweep.add(this);
  }

  /** Times the request was sent to the far side. */
  get sends(): number {
    return this.context.sends;
  }

  view(nowMs: number): RelayView {
    return {
      requestId: this.subject.requestId,
      phase: this.context.phase,
      ageMs: nowMs - this.startedMs,
    };
  }

  /** The owner performs what follows before this returns. */
  decide(event: RelayEvent): void {
    if (this.isEnded()) return;
    this.actor.send(event);
    const isEnd = this.isEnded();
    for (const effect of this.context.effects) this.owner.perform(effect);
    if (isEnd) this.finish();
  }

  private isEnded(): boolean {
    return this.context.phase === 'ended';
  }

  private get context(): RelayContext {
    return this.actor.getSnapshot().context;
  }

  private finish(): void {
    this.all.sweep.delete(this);
    this.owner.release();
    const { outcome } = this.context;
    if (outcome === null) return;
    const { requestId, method, target, visitorAddress } = this.subject;
    const { mappingId, status, headAtMs, bytesIn, bytesOut } = this;
    this.all.bus.publish(() => ({
      type: 'relay.finished',
      requestId,
      mappingId,
      method,
      path: target.split('?', 1)[0] ?? '',
      visitorAddress,
      status,
      outcome,
      durationMs: this.all.clock.nowMs() - this.startedMs,
      firstByteMs: headAtMs === null ? null : headAtMs - this.startedMs,
      bytesIn,
      bytesOut,
    }));
  }
}
