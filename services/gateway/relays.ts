// Relays at the gateway: each visitor's request gets an actor that decides, a stream that carries, and one end.

import type { Bus } from '../bus.ts';
import type { Clock } from '../../machines/clock.ts';
import type { RelayEffect } from '../../machines/relay.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { RequestHead, ResponseHead } from '../../protocol/head.ts';
import type { Stream, StreamHandler } from '../../protocol/stream.ts';
import type { Found } from './directory.ts';
import type { Tunnels } from './tunnels.ts';
import type { Visitor, VisitorHandler, VisitorRequest } from './visitor.ts';
import { describeError, toTunnelError, visitorErrorOf } from '../../protocol/errors.ts';
import { isRepeatable } from '../../protocol/head.ts';
import { RelayActor, RelayActors, type RelayOwner, type RelayView } from '../relayActors.ts';
import { createWaitingRoom, type Waiter, type WaitingRoom } from './waitingRoom.ts';

/** How long a request waits for a tunnel that was just lost. Raised: visitors stare longer before they hear 503. */
export const HOLD_MS = 5_000;

/** A tunnel lost longer ago than this is not waited for. */
export const HOLD_WINDOW_MS = 10_000;

/** After its start a gateway knows no name until agents report: unknown hosts wait this long. */
export const GRACE_MS = 5_000;

export interface RelaysOptions {
  readonly tunnels: Pick<Tunnels, 'find' | 'open' | 'onChange'>;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly headTimeoutMs: number;
}

export interface Relays {
  /** Takes a visitor's request over; the handler receives what the visitor does. */
  serve(visitor: Visitor): VisitorHandler;
  /** Ends every relay: answers what is unanswered, breaks off the rest. */
  endAll(code: ErrorCode): void;
  list(): readonly RelayView[];
  /** How many have not ended. */
  readonly count: number;
}

export function createRelays(options: RelaysOptions): Relays {
  const startedMs = options.clock.nowMs();
  const actors = new RelayActors<Relay>(options);
  const desk: Desk = {
    ...options,
    graceLeftMs: () => Math.max(0, startedMs + GRACE_MS - options.clock.nowMs()),
    actors,
    waitingRoom: createWaitingRoom((listener) => options.tunnels.onChange(listener)),
  };
  return {
    serve: (visitor) => new Relay(desk, visitor).handler,
    endAll: (code) => {
      actors.endAll(code);
    },
    list: () => actors.list(),
    get count() {
      return actors.count;
    },
  };
}

interface Desk extends RelaysOptions {
  graceLeftMs(): number;
  readonly actors: RelayActors<Relay>;
  readonly waitingRoom: WaitingRoom<Relay>;
}

/** One request: moves bytes between visitor and stream, and does what its actor decides. */
class Relay implements RelayOwner, Waiter {
  readonly name: string;
  /** What the visitor does. */
  readonly handler: VisitorHandler = {
    onData: (chunk) => {
      this.actor.bytesIn += chunk.length;
      if (this.stream?.write(chunk) === false) this.visitor.pause();
    },
    onEnd: (trailers) => {
      this.stream?.end(trailers);
      this.actor.decide({ type: 'near.ended', nowMs: this.desk.clock.nowMs() });
    },
    onDrain: () => {
      this.settle();
    },
    onClosed: () => {
      this.settle();
      this.actor.decide({ type: 'near.left' });
    },
  };
  private readonly desk: Desk;
  private readonly visitor: Visitor;
  private readonly request: VisitorRequest;
  private readonly actor: RelayActor<Relay>;
  private stream: Stream | undefined;
  /** Written to the visitor and not yet taken: its credit is still with us. */
  private owedBytes = 0;

  constructor(desk: Desk, visitor: Visitor) {
    this.desk = desk;
    this.visitor = visitor;
    this.request = visitor.request;
    const { host, port } = visitor.request;
    this.name = port === null ? host : `${host}:${port}`;
    const { requestId, method, target, address: visitorAddress, hasBody, isUpgrade } = visitor.request;
    const isUnknown = desk.tunnels.find(host, port).kind === 'unknown';
    this.actor = new RelayActor(desk.actors, {
      subject: { requestId, method, target, visitorAddress },
      owner: this,
      input: {
        isRepeatable: isRepeatable(visitor.request),
        hasBody: hasBody || isUpgrade,
        isUpgrade,
        isHeldBack: false,
        openTimeoutMs: isUnknown ? desk.graceLeftMs() : HOLD_MS,
        openTimeoutCode: isUnknown ? 'unknown_host' : 'tunnel_offline',
        reopenTimeoutMs: HOLD_MS,
        reopenTimeoutCode: 'tunnel_offline',
        headTimeoutMs: desk.headTimeoutMs,
      },
    });
    this.open();
  }

  retry(): void {
    this.open();
  }

  perform(effect: RelayEffect): void {
    switch (effect.type) {
      case 'far.reopen':
        this.stream = undefined;
        this.open();
        return;
      case 'near.fail':
        this.fail(visitorErrorOf(effect.code));
        return;
      case 'near.cut':
        this.visitor.destroy();
        return;
      case 'far.abort':
        this.stream?.reset(effect.code);
        return;
      case 'near.invite':
        this.visitor.invite();
    }
  }

  release(): void {
    this.desk.waitingRoom.leave(this);
  }

  /** Sends the request down a live tunnel, waits for one, or gives up. */
  private open(): void {
    const { host, port } = this.request;
    const found = this.desk.tunnels.find(host, port);
    if (found.kind === 'live') this.openOn(found);
    else if (!this.mayWait(found)) {
      this.actor.decide({
        type: 'far.failed',
        code: found.kind === 'unknown' ? 'unknown_host' : 'tunnel_offline',
      });
    } else if (!this.desk.waitingRoom.enter(this)) {
      // One too many to wait. Whether the name exists is not known yet: 404 would be remembered, 503 is tried again.
      this.actor.decide({ type: 'far.failed', code: 'tunnel_offline' });
    }
  }

  private mayWait(found: Found): boolean {
    if (found.kind === 'lost') return this.desk.clock.nowMs() - found.atMs < HOLD_WINDOW_MS;
    return this.desk.graceLeftMs() > 0;
  }

  private openOn({ sessionId, mappingId, revision }: Extract<Found, { kind: 'live' }>): void {
    this.desk.waitingRoom.leave(this);
    const { requestId, address, method, target, headers, hasBody, isUpgrade, expectsContinue } = this.request;
    const head: RequestHead = {
      mappingId,
      revision,
      visitorAddress: address,
      requestId,
      method,
      target,
      headers,
      hasBody: hasBody || isUpgrade,
      isUpgrade,
      isResent: this.actor.sends > 0,
      expectsContinue,
    };
    try {
      this.stream = this.desk.tunnels.open(sessionId, head, () => this.streamHandler());
    } catch (thrown) {
      const { code } = toTunnelError(thrown);
      // The wire has just died: its session is withdrawn in a moment, and that change asks us again.
      if (code !== 'tunnel_lost' || !this.desk.waitingRoom.enter(this))
        this.actor.decide({ type: 'far.failed', code });
      return;
    }
    this.actor.mappingId = mappingId;
    this.actor.decide({ type: 'far.opened', nowMs: this.desk.clock.nowMs() });
    this.visitor.resume();
  }

  private streamHandler(): StreamHandler {
    return {
      onInform: (head) => {
        this.visitor.inform(head);
      },
      onResponse: (head, hasBody) => {
        this.answer(head, hasBody);
      },
      onData: (chunk) => {
        this.actor.bytesOut += chunk.length;
        if (this.visitor.write(chunk)) this.stream?.consume(chunk.length);
        else this.owedBytes += chunk.length;
      },
      onEnd: (trailers) => {
        this.visitor.end(trailers);
        this.actor.decide({ type: 'far.ended' });
      },
      // What the visitor still sends is taken and dropped: the stream ignores it from now on.
      onStop: () => {
        this.visitor.resume();
      },
      onWanted: () => {
        if (this.request.expectsContinue && this.actor.bytesIn === 0) this.visitor.invite();
      },
      onDrained: () => {
        this.visitor.resume();
      },
      onReset: (code) => {
        // The way died, not the origin: the request may be sent again on another tunnel.
        const isLost = code === 'tunnel_lost';
        const nowMs = this.desk.clock.nowMs();
        this.actor.decide(isLost ? { type: 'far.lost', code, nowMs } : { type: 'far.failed', code });
      },
    };
  }

  private answer(head: ResponseHead, hasBody: boolean): void {
    if (!this.visitor.writeHead(head, hasBody)) {
      this.actor.decide({ type: 'revoked', code: 'origin_invalid' });
      return;
    }
    this.actor.status = head.status;
    this.actor.headAtMs = this.desk.clock.nowMs();
    if (!hasBody) this.visitor.end([]);
    this.actor.decide({ type: 'far.answered', isUpgrade: head.status === 101, hasBody });
  }

  /** The visitor has taken what was written: its credit goes back to the agent. */
  private settle(): void {
    this.stream?.consume(this.owedBytes);
    this.owedBytes = 0;
  }

  private fail(code: ErrorCode): void {
    this.actor.status = describeError(code).status;
    this.visitor.fail(code);
  }
}
