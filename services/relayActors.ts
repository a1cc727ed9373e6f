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

/** And which request it is. */
export interface RelayDetail extends RelayView {
  readonly mappingId: string | null;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly visitorAddress: string;
}

export interface RelayActorsOptions {
  readonly clock: Clock;
  readonly bus: Bus;
  /** A relay has begun, is in another phase, or has ended. */
  readonly onRelayMoved?: () => void;
}

/** The relays of one end that have not ended. */
export class RelayActors<Owner extends RelayOwner> {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly machineClock: ReturnType<typeof machineClock>;
  readonly sweep: Sweep<RelayActor<Owner>>;
  readonly onMoved: () => void;

  constructor({ clock, bus, onRelayMoved = ignore }: RelayActorsOptions) {
    this.clock = clock;
    this.bus = bus;
    this.machineClock = machineClock(clock);
    this.onMoved = onRelayMoved;
    this.sweep = createSweep(clock, (relay, nowMs) => {
      relay.decide({ type: 'tick', nowMs });
    });
  }

  /** How many have not ended: asked often, and no list is made for it. */
  get count(): number {
    return this.sweep.items.size;
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

  /** Those that are longest under way, no more than `limit`; and how many there are in all. */
  underWay(limit: number): { readonly oldest: readonly RelayDetail[]; readonly total: number } {
    const nowMs = this.clock.nowMs();
    const oldest: RelayDetail[] = [];
    // As they came: a set keeps that order.
    for (const relay of this.sweep.items) {
      if (oldest.length === limit) break;
      oldest.push(relay.detail(nowMs));
    }
    return { oldest, total: this.count };
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
    all.onMoved();
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

  detail(nowMs: number): RelayDetail {
    const { method, target, visitorAddress } = this.subject;
    return { ...this.view(nowMs), mappingId: this.mappingId, method, path: pathOf(target), visitorAddress };
  }

  /** The owner performs what follows before this returns. */
  decide(event: RelayEvent): void {
    const { phase } = this.context;
    if (phase === 'ended') return;
    this.actor.send(event);
    const isEnd = this.isEnded();
    for (const effect of this.context.effects) this.owner.perform(effect);
    if (isEnd) this.finish();
    if (this.context.phase !== phase) this.all.onMoved();
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
      path: pathOf(target),
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

function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? '';
}

function ignore(): void {}
