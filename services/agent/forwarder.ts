// The agent's end of a relay: finds the mapping in its own memory, asks the origin, streams the answer back.

import { createActor, type Actor } from 'xstate';
import type { Bus } from '../bus.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Mapping } from '../../protocol/mapping.ts';
import type { RequestHead, ResponseHead } from '../../protocol/head.ts';
import type { Stream, StreamHandler } from '../../protocol/stream.ts';
import type { OriginDispatcher, OriginExchange, OriginHandler } from './originDispatcher.ts';
import { machineClock } from '../../machines/clock.ts';
import { relayLogic, type RelayContext, type RelayEffect, type RelayEvent } from '../../machines/relay.ts';
import { isRepeatable } from '../../protocol/head.ts';
import { MAX_INFORMS } from '../../protocol/limits.ts';
import { createSweep, type Sweep } from '../sweep.ts';
import { originRequestOf, publicHostOf } from './originRequest.ts';

export interface ForwarderOptions {
  readonly origins: OriginDispatcher;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly connectTimeoutMs: number;
  /** The mapping as the store has it now; undefined when there is none or it is disabled. */
  readonly findMapping: (id: string) => Mapping | undefined;
}

export interface ForwardView {
  readonly requestId: string;
  readonly phase: RelayContext['phase'];
  readonly ageMs: number;
}

export interface Forwarder {
  /** Answers a stream that the gateway opened. */
  accept(stream: Stream, head: RequestHead): StreamHandler;
  /** Ends the streams of mappings that are gone, disabled or lead elsewhere by now. */
  onMappingsChanged(): void;
  list(): readonly ForwardView[];
}

export function createForwarder(options: ForwarderOptions): Forwarder {
  const sweep: Sweep<Forward> = createSweep(options.clock, (forward, nowMs) => {
    forward.decide({ type: 'tick', nowMs });
  });
  const desk: Desk = { ...options, sweep, actorClock: machineClock(options.clock) };
  return {
    accept(stream, head) {
      const mapping = options.findMapping(head.mappingId);
      if (mapping?.externalDomain !== publicHostOf(head)) {
        stream.reset('mapping_gone');
        return DEAF;
      }
      return new Forward(desk, stream, head, mapping).handler;
    },
    onMappingsChanged() {
      for (const forward of [...sweep.items]) {
        if (forward.isStale(options.findMapping(forward.mapping.id)))
          forward.decide({ type: 'revoked', code: 'mapping_gone' });
      }
    },
    list() {
      const nowMs = options.clock.nowMs();
      return [...sweep.items].map((forward) => forward.view(nowMs));
    },
  };
}

interface Desk extends ForwarderOptions {
  readonly sweep: Sweep<Forward>;
  readonly actorClock: ReturnType<typeof machineClock>;
}

function ignore(): void {}

/** Answers come from us: the gateway sends none. */
const ANSWERS_ARE_OURS = { onInform: ignore, onResponse: ignore };

/** For a stream that was refused: nothing it says matters. */
const DEAF: StreamHandler = {
  ...ANSWERS_ARE_OURS,
  onData: ignore,
  onEnd: ignore,
  onStop: ignore,
  onWanted: ignore,
  onDrained: ignore,
  onReset: ignore,
};

/** One request at the agent: moves bytes between stream and origin, and does what its actor decides. */
class Forward {
  readonly mapping: Mapping;
  /** What the gateway sends on the stream. */
  readonly handler: StreamHandler = {
    ...ANSWERS_ARE_OURS,
    onData: (chunk) => {
      this.bytesIn += chunk.length;
      if (this.exchange.write(chunk)) this.stream.consume(chunk.length);
      else this.owedBytes += chunk.length;
    },
    onEnd: (trailers) => {
      this.exchange.end(trailers);
      this.decide({ type: 'near.ended', nowMs: this.desk.clock.nowMs() });
    },
    onStop: () => {
      this.decide({ type: 'near.left' });
    },
    onWanted: ignore,
    onDrained: () => {
      this.exchange.resume();
    },
    onReset: () => {
      this.decide({ type: 'near.left' });
    },
  };
  private readonly desk: Desk;
  private readonly stream: Stream;
  private readonly head: RequestHead;
  private readonly actor: Actor<typeof relayLogic>;
  private readonly startedMs: number;
  private exchange: OriginExchange;
  private status: number | null = null;
  private informs = 0;
  private bytesIn = 0;
  private bytesOut = 0;
  /** Written to the origin and not yet taken: its credit is still with us. */
  private owedBytes = 0;

  constructor(desk: Desk, stream: Stream, head: RequestHead, mapping: Mapping) {
    this.desk = desk;
    this.stream = stream;
    this.head = head;
    this.mapping = mapping;
    this.startedMs = desk.clock.nowMs();
    this.actor = createActor(relayLogic, {
      clock: desk.actorClock,
      input: {
        nowMs: this.startedMs,
        isRepeatable: isRepeatable(head) && !head.isResent,
        hasBody: head.hasBody,
        isUpgrade: head.isUpgrade,
        isHeldBack: head.expectsContinue,
        openTimeoutMs: desk.connectTimeoutMs,
        openTimeoutCode: 'connect_timeout',
        reopenTimeoutMs: desk.connectTimeoutMs,
        reopenTimeoutCode: 'connect_timeout',
        headTimeoutMs: null,
      },
    });
    this.actor.start();
    desk.sweep.add(this);
    this.exchange = this.dispatch();
  }

  view(nowMs: number): ForwardView {
    return { requestId: this.head.requestId, phase: this.relay.phase, ageMs: nowMs - this.startedMs };
  }

  /** True when the mapping leads elsewhere than where this request went. */
  isStale(now: Mapping | undefined): boolean {
    const then = this.mapping;
    return (
      now?.internalHost !== then.internalHost ||
      now.internalPort !== then.internalPort ||
      now.internalProtocol !== then.internalProtocol ||
      now.externalDomain !== then.externalDomain
    );
  }

  decide(event: RelayEvent): void {
    if (this.relay.phase === 'ended') return;
    this.actor.send(event);
    const { effects, phase } = this.actor.getSnapshot().context;
    for (const effect of effects) this.perform(effect);
    if (phase === 'ended') this.finish();
  }

  private get relay(): RelayContext {
    return this.actor.getSnapshot().context;
  }

  /** The first try may meet a stale keep-alive socket if it may be repeated; any other goes on a fresh connection. */
  private dispatch(): OriginExchange {
    const isFirst = this.relay.sends === 0;
    const mayReuse = isFirst && isRepeatable(this.head) && !this.head.isResent;
    return this.desk.origins.dispatch(
      originRequestOf(this.head, this.mapping, !mayReuse),
      this.originHandler(),
    );
  }

  private originHandler(): OriginHandler {
    return {
      onConnected: () => {
        this.decide({ type: 'far.opened', nowMs: this.desk.clock.nowMs() });
      },
      onContinue: () => {
        this.decide({ type: 'far.invited' });
      },
      onInform: (head) => {
        // 1xx have no credit: the gateway takes so many and no more.
        if (this.informs >= MAX_INFORMS) this.decide({ type: 'revoked', code: 'origin_invalid' });
        else this.stream.inform(head);
        this.informs += 1;
      },
      onHead: (head, hasBody) => {
        this.answer(head, hasBody);
      },
      onData: (chunk) => {
        this.bytesOut += chunk.length;
        if (!this.stream.write(chunk)) this.exchange.pause();
      },
      onEnd: (trailers) => {
        this.stream.end(trailers);
        this.decide({ type: 'far.ended' });
      },
      onDrain: () => {
        this.settle();
      },
      onFailed: (code, _detail, isStale) => {
        const nowMs = this.desk.clock.nowMs();
        this.decide(isStale ? { type: 'far.lost', code, nowMs } : { type: 'far.failed', code });
      },
    };
  }

  private answer(head: ResponseHead, hasBody: boolean): void {
    this.status = head.status;
    const isUpgrade = head.status === 101;
    this.stream.respond(head, hasBody || isUpgrade);
    this.decide({ type: 'far.answered', isUpgrade, hasBody });
  }

  /** The origin has taken what was written: its credit goes back to the gateway. */
  private settle(): void {
    this.stream.consume(this.owedBytes);
    this.owedBytes = 0;
  }

  private perform(effect: RelayEffect): void {
    switch (effect.type) {
      case 'far.reopen':
        this.exchange = this.dispatch();
        return;
      case 'far.abort':
        this.exchange.abort();
        return;
      case 'near.fail':
      case 'near.cut':
        this.stream.reset(effect.code);
        return;
      case 'near.invite':
        this.stream.want();
    }
  }

  private finish(): void {
    this.settle();
    // An answer may be whole before its request is: the rest must not wait for credit that nobody gives any more.
    this.stream.stop();
    this.desk.sweep.delete(this);
    const { outcome } = this.relay;
    if (outcome === null) return;
    this.desk.bus.publish(() => ({
      type: 'relay.finished',
      requestId: this.head.requestId,
      mappingId: this.mapping.id,
      method: this.head.method,
      path: this.head.target.split('?', 1)[0] ?? '',
      visitorAddress: this.head.visitorAddress,
      status: this.status,
      outcome,
      durationMs: this.desk.clock.nowMs() - this.startedMs,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
    }));
  }
}
