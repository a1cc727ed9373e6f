// Relays at the gateway: each visitor's request gets an actor that decides, a stream that carries, and one end.

import { createActor, type Actor } from 'xstate';
import type { Bus } from '../bus.ts';
import type { Clock } from '../../machines/clock.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { RequestHead, ResponseHead } from '../../protocol/head.ts';
import type { Stream, StreamHandler } from '../../protocol/stream.ts';
import type { Found } from './directory.ts';
import type { Tunnels } from './tunnels.ts';
import type { Visitor, VisitorHandler, VisitorRequest } from './visitor.ts';
import { machineClock } from '../../machines/clock.ts';
import { relayLogic, type RelayContext, type RelayEffect, type RelayEvent } from '../../machines/relay.ts';
import { describeError, toTunnelError, visitorErrorOf } from '../../protocol/errors.ts';
import { isRepeatable } from '../../protocol/head.ts';
import { createSweep, type Sweep } from '../sweep.ts';

/** How long a request waits for a tunnel that was just lost. Raised: visitors stare longer before they hear 503. */
export const HOLD_MS = 5_000;

/** A tunnel lost longer ago than this is not waited for. */
export const HOLD_WINDOW_MS = 10_000;

/** After its start a gateway knows no name until agents report: unknown hosts wait this long. */
export const GRACE_MS = 5_000;

/** Requests that wait for one host. Raised: a dead tunnel of a busy host holds more memory. */
export const MAX_HELD = 100;

/** Codes of a stream's end that mean the way died, not the origin: the request may be sent again elsewhere. */
const LOST_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['tunnel_lost', 'draining']);

export interface RelaysOptions {
  readonly tunnels: Tunnels;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly headTimeoutMs: number;
}

/** A relay in flight, as the status shows it. */
export interface RelayView {
  readonly requestId: string;
  readonly phase: RelayContext['phase'];
  readonly ageMs: number;
}

export interface Relays {
  /** Takes a visitor's request over; the handler receives what the visitor does. */
  serve(visitor: Visitor): VisitorHandler;
  /** Ends every relay: answers what is unanswered, breaks off the rest. */
  endAll(code: ErrorCode): void;
  list(): readonly RelayView[];
}

export function createRelays(options: RelaysOptions): Relays {
  const startedMs = options.clock.nowMs();
  const sweep: Sweep<Relay> = createSweep(options.clock, (relay, nowMs) => {
    relay.decide({ type: 'tick', nowMs });
  });
  const held = new Map<string, Set<Relay>>();
  options.tunnels.onChange(() => {
    for (const relays of [...held.values()]) for (const relay of [...relays]) relay.open();
  });
  const desk: Desk = {
    ...options,
    graceLeftMs: () => Math.max(0, startedMs + GRACE_MS - options.clock.nowMs()),
    sweep,
    actorClock: machineClock(options.clock),
    hold: (relay) => holdIn(held, relay),
    release: (relay) => {
      releaseFrom(held, relay);
    },
  };
  return {
    serve: (visitor) => new Relay(desk, visitor).handler,
    endAll(code) {
      for (const relay of [...sweep.items]) relay.decide({ type: 'revoked', code });
    },
    list() {
      const nowMs = options.clock.nowMs();
      return [...sweep.items].map((relay) => relay.view(nowMs));
    },
  };
}

interface Desk extends RelaysOptions {
  graceLeftMs(): number;
  readonly sweep: Sweep<Relay>;
  readonly actorClock: ReturnType<typeof machineClock>;
  /** False when too many wait for the same host already. */
  hold(relay: Relay): boolean;
  release(relay: Relay): void;
}

/** One request: moves bytes between visitor and stream, and does what its actor decides. */
class Relay {
  readonly request: VisitorRequest;
  /** What the visitor does. */
  readonly handler: VisitorHandler = {
    onData: (chunk) => {
      this.bytesIn += chunk.length;
      if (this.stream?.write(chunk) === false) this.visitor.pause();
    },
    onEnd: (trailers) => {
      this.stream?.end(trailers);
      this.decide({ type: 'near.ended', nowMs: this.desk.clock.nowMs() });
    },
    onDrain: () => {
      this.settle();
    },
    onClosed: () => {
      this.settle();
      this.decide({ type: 'near.left' });
    },
  };
  private readonly desk: Desk;
  private readonly visitor: Visitor;
  private readonly actor: Actor<typeof relayLogic>;
  private readonly startedMs: number;
  private stream: Stream | undefined;
  private mappingId: string | null = null;
  private status: number | null = null;
  private bytesIn = 0;
  private bytesOut = 0;
  /** Written to the visitor and not yet taken: its credit is still with us. */
  private owedBytes = 0;

  constructor(desk: Desk, visitor: Visitor) {
    this.desk = desk;
    this.visitor = visitor;
    this.request = visitor.request;
    this.startedMs = desk.clock.nowMs();
    const { request } = this;
    const isUnknown = desk.tunnels.find(request.host).kind === 'unknown';
    this.actor = createActor(relayLogic, {
      clock: desk.actorClock,
      input: {
        nowMs: this.startedMs,
        isRepeatable: isRepeatable(request),
        hasBody: request.hasBody || request.isUpgrade,
        isUpgrade: request.isUpgrade,
        isHeldBack: false,
        openTimeoutMs: isUnknown ? desk.graceLeftMs() : HOLD_MS,
        openTimeoutCode: isUnknown ? 'unknown_host' : 'tunnel_offline',
        reopenTimeoutMs: HOLD_MS,
        reopenTimeoutCode: 'tunnel_offline',
        headTimeoutMs: desk.headTimeoutMs,
      },
    });
    this.actor.start();
    desk.sweep.add(this);
    this.open();
  }

  view(nowMs: number): RelayView {
    return { requestId: this.request.requestId, phase: this.relay.phase, ageMs: nowMs - this.startedMs };
  }

  decide(event: RelayEvent): void {
    if (this.relay.phase === 'ended') return;
    this.actor.send(event);
    const { effects, phase } = this.actor.getSnapshot().context;
    for (const effect of effects) this.perform(effect);
    if (phase === 'ended') this.finish();
  }

  /** Sends the request down a live tunnel, waits for one, or gives up. */
  open(): void {
    const found = this.desk.tunnels.find(this.request.host);
    if (found.kind === 'live') this.openOn(found);
    else if (!this.mayWait(found)) {
      this.decide({ type: 'far.failed', code: found.kind === 'unknown' ? 'unknown_host' : 'tunnel_offline' });
    } else if (!this.desk.hold(this)) {
      // One too many to wait. Whether the name exists is not known yet: 404 would be remembered, 503 is tried again.
      this.decide({ type: 'far.failed', code: 'tunnel_offline' });
    }
  }

  private get relay(): RelayContext {
    return this.actor.getSnapshot().context;
  }

  private mayWait(found: Found): boolean {
    if (found.kind === 'lost') return this.desk.clock.nowMs() - found.atMs < HOLD_WINDOW_MS;
    return this.desk.graceLeftMs() > 0;
  }

  private openOn({ sessionId, mappingId, revision }: Extract<Found, { kind: 'live' }>): void {
    this.desk.release(this);
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
      isResent: this.relay.sends > 0,
      expectsContinue,
    };
    try {
      this.stream = this.desk.tunnels.open(sessionId, head, () => this.streamHandler());
    } catch (thrown) {
      const { code } = toTunnelError(thrown);
      // The wire has just died: its session is withdrawn in a moment, and that change asks us again.
      if (code !== 'tunnel_lost' || !this.desk.hold(this)) this.decide({ type: 'far.failed', code });
      return;
    }
    this.mappingId = mappingId;
    this.decide({ type: 'far.opened', nowMs: this.desk.clock.nowMs() });
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
        this.bytesOut += chunk.length;
        if (this.visitor.write(chunk)) this.stream?.consume(chunk.length);
        else this.owedBytes += chunk.length;
      },
      onEnd: (trailers) => {
        this.visitor.end(trailers);
        this.decide({ type: 'far.ended' });
      },
      // What the visitor still sends is taken and dropped: the stream ignores it from now on.
      onStop: () => {
        this.visitor.resume();
      },
      onWanted: () => {
        if (this.request.expectsContinue && this.bytesIn === 0) this.visitor.invite();
      },
      onDrained: () => {
        this.visitor.resume();
      },
      onReset: (code) => {
        const isLost = LOST_CODES.has(code);
        const nowMs = this.desk.clock.nowMs();
        this.decide(isLost ? { type: 'far.lost', code: 'tunnel_lost', nowMs } : { type: 'far.failed', code });
      },
    };
  }

  private answer(head: ResponseHead, hasBody: boolean): void {
    this.status = head.status;
    this.visitor.writeHead(head, hasBody);
    if (!hasBody) this.visitor.end([]);
    this.decide({ type: 'far.answered', isUpgrade: head.status === 101, hasBody });
  }

  /** The visitor has taken what was written: its credit goes back to the agent. */
  private settle(): void {
    this.stream?.consume(this.owedBytes);
    this.owedBytes = 0;
  }

  private perform(effect: RelayEffect): void {
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

  private fail(code: ErrorCode): void {
    this.status = describeError(code).status;
    this.visitor.fail(code);
  }

  private finish(): void {
    this.desk.release(this);
    this.desk.sweep.delete(this);
    const { outcome } = this.relay;
    if (outcome === null) return;
    this.desk.bus.publish(() => ({
      type: 'relay.finished',
      requestId: this.request.requestId,
      mappingId: this.mappingId,
      method: this.request.method,
      path: this.request.target.split('?', 1)[0] ?? '',
      visitorAddress: this.request.address,
      status: this.status,
      outcome,
      durationMs: this.desk.clock.nowMs() - this.startedMs,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
    }));
  }
}

function holdIn(held: Map<string, Set<Relay>>, relay: Relay): boolean {
  const { host } = relay.request;
  const relays = held.get(host) ?? new Set();
  if (!relays.has(relay) && relays.size >= MAX_HELD) return false;
  held.set(host, relays.add(relay));
  return true;
}

function releaseFrom(held: Map<string, Set<Relay>>, relay: Relay): void {
  const { host } = relay.request;
  const relays = held.get(host);
  relays?.delete(relay);
  if (relays?.size === 0) held.delete(host);
}
