// The agent's end of a relay: finds the mapping in its own memory, asks the origin, streams the answer back.

import type { Bus } from '../bus.ts';
import type { Clock } from '../../machines/clock.ts';
import type { RelayEffect } from '../../machines/relay.ts';
import type { Mapping } from '../../protocol/mapping.ts';
import type { RequestHead, ResponseHead } from '../../protocol/head.ts';
import type { Stream, StreamHandler } from '../../protocol/stream.ts';
import type { OriginDispatcher, OriginExchange, OriginHandler } from './originDispatcher.ts';
import { isRepeatable } from '../../protocol/head.ts';
import { MAX_INFORMS } from '../../protocol/limits.ts';
import {
  RelayActor,
  RelayActors,
  type RelayDetail,
  type RelayOwner,
  type RelayView,
} from '../relayActors.ts';
import { originRequestOf, publicHostOf } from './originRequest.ts';

export interface ForwarderOptions {
  readonly origins: OriginDispatcher;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly connectTimeoutMs: number;
  /** The mapping as the store has it now; undefined when there is none or it is disabled. */
  readonly findMapping: (id: string) => Mapping | undefined;
  /** A relay has begun, is in another phase, or has ended. */
  readonly onRelayMoved?: () => void;
}

export interface Forwarder {
  /** Answers a stream that the gateway opened. */
  accept(stream: Stream, head: RequestHead): StreamHandler;
  /** Ends the streams of mappings that are gone, disabled or lead elsewhere by now. */
  onMappingsChanged(): void;
  list(): readonly RelayView[];
  /** How many have not ended. */
  readonly count: number;
  /** Those that are longest under way, no more than `limit`; and how many there are in all. */
  underWay(limit: number): { readonly oldest: readonly RelayDetail[]; readonly total: number };
}

export function createForwarder(options: ForwarderOptions): Forwarder {
  const actors = new RelayActors<Forward>(options);
  const desk: Desk = { ...options, actors };
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
      for (const relay of actors.live()) {
        if (relay.owner.isStale(options.findMapping(relay.owner.mapping.id)))
          relay.decide({ type: 'revoked', code: 'mapping_gone' });
      }
    },
    list: () => actors.list(),
    get count() {
      return actors.count;
    },
    underWay: (limit) => actors.underWay(limit),
  };
}

interface Desk extends ForwarderOptions {
  readonly actors: RelayActors<Forward>;
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
class Forward implements RelayOwner {
  readonly mapping: Mapping;
  /** What the gateway sends on the stream. */
  readonly handler: StreamHandler = {
    ...ANSWERS_ARE_OURS,
    onData: (chunk) => {
      this.actor.bytesIn += chunk.length;
      if (this.exchange.write(chunk)) this.stream.consume(chunk.length);
      else this.owedBytes += chunk.length;
    },
    onEnd: (trailers) => {
      this.exchange.end(trailers);
      this.actor.decide({ type: 'near.ended', nowMs: this.desk.clock.nowMs() });
    },
    onStop: () => {
      this.actor.decide({ type: 'near.left' });
    },
    onWanted: ignore,
    onDrained: () => {
      this.exchange.resume();
    },
    onReset: () => {
      this.actor.decide({ type: 'near.left' });
    },
  };
  private readonly desk: Desk;
  private readonly stream: Stream;
  private readonly head: RequestHead;
  private readonly actor: RelayActor<Forward>;
  private exchange: OriginExchange;
  private informs = 0;
  /** Written to the origin and not yet taken: its credit is still with us. */
  private owedBytes = 0;

  constructor(desk: Desk, stream: Stream, head: RequestHead, mapping: Mapping) {
    this.desk = desk;
    this.stream = stream;
    this.head = head;
    this.mapping = mapping;
    const { requestId, method, target, visitorAddress } = head;
    this.actor = new RelayActor(desk.actors, {
      subject: { requestId, method, target, visitorAddress },
      owner: this,
      input: {
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
    this.actor.mappingId = mapping.id;
    this.exchange = this.dispatch();
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

  perform(effect: RelayEffect): void {
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

  release(): void {
    this.settle();
    // An answer may be whole before its request is: the rest must not wait for credit that nobody gives any more.
    this.stream.stop();
  }

  /** The first try may meet a stale keep-alive socket if it may be repeated; any other goes on a fresh connection. */
  private dispatch(): OriginExchange {
    const isFirst = this.actor.sends === 0;
    const mayReuse = isFirst && isRepeatable(this.head) && !this.head.isResent;
    return this.desk.origins.dispatch(
      originRequestOf(this.head, this.mapping, !mayReuse),
      this.originHandler(),
    );
  }

  private originHandler(): OriginHandler {
    return {
      onConnected: () => {
        this.actor.decide({ type: 'far.opened', nowMs: this.desk.clock.nowMs() });
      },
      onContinue: () => {
        this.actor.decide({ type: 'far.invited' });
      },
      onInform: (head) => {
        // 1xx have no credit: the gateway takes so many and no more.
        if (this.informs >= MAX_INFORMS) this.actor.decide({ type: 'revoked', code: 'origin_invalid' });
        else this.stream.inform(head);
        this.informs += 1;
      },
      onHead: (head, hasBody) => {
        this.answer(head, hasBody);
      },
      onData: (chunk) => {
        this.actor.bytesOut += chunk.length;
        if (!this.stream.write(chunk)) this.exchange.pause();
      },
      onEnd: (trailers) => {
        this.stream.end(trailers);
        this.actor.decide({ type: 'far.ended' });
      },
      onDrain: () => {
        this.settle();
      },
      onFailed: (code, _detail, isStale) => {
        const nowMs = this.desk.clock.nowMs();
        this.actor.decide(isStale ? { type: 'far.lost', code, nowMs } : { type: 'far.failed', code });
      },
    };
  }

  private answer(head: ResponseHead, hasBody: boolean): void {
    this.actor.status = head.status;
    this.actor.headAtMs = this.desk.clock.nowMs();
    const isUpgrade = head.status === 101;
    this.stream.respond(head, hasBody || isUpgrade);
    this.actor.decide({ type: 'far.answered', isUpgrade, hasBody });
  }

  /** The origin has taken what was written: its credit goes back to the gateway. */
  private settle(): void {
    this.stream.consume(this.owedBytes);
    this.owedBytes = 0;
  }
}
