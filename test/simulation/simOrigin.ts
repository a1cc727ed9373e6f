// The simulated origins behind one agent: each request is answered as its plan says, and its bytes are checked.

import type { FlatHeaders } from '../../protocol/head.ts';
import type {
  OriginDispatcher,
  OriginExchange,
  OriginHandler,
  OriginRequest,
} from '../../services/agent/originDispatcher.ts';
import type { Invariants } from './invariants.ts';
import type { Plan } from './plans.ts';
import type { SimProcess } from './simProcess.ts';
import type { Trace } from './trace.ts';
import { isPayload, payload } from './payload.ts';

const HIGH_WATER_BYTES = 16 * 1024;

/** What all origins of a world have in common. */
export interface OriginsDesk {
  readonly trace: Trace;
  readonly invariants: Invariants;
  readonly planOf: (requestId: string) => Plan | undefined;
  /** A request has reached its origin, for which its answer may not have begun. */
  readonly onReceived: (exchange: SimExchange) => void;
}

export interface SimOrigins extends OriginDispatcher {
  /** Requests that are under way. */
  readonly exchanges: ReadonlySet<SimExchange>;
}

export function createSimOrigins(process: SimProcess, desk: OriginsDesk): SimOrigins {
  const exchanges = new Set<SimExchange>();
  const idle = new Map<string, number>();
  return {
    exchanges,
    dispatch(request, handler) {
      const requestId = /^\/(\w+)/.exec(request.path)?.[1] ?? '';
      const plan = desk.planOf(requestId);
      if (plan === undefined) throw new Error(`an origin was asked for ${request.path}`);
      const place = placeOf(request);
      const isReused = !request.isFreshConnection && (idle.get(place) ?? 0) > 0;
      if (isReused) idle.set(place, (idle.get(place) ?? 0) - 1);
      const exchange = new SimExchange({
        process,
        desk,
        request,
        handler,
        plan,
        isReused,
        onOver: (isKept) => {
          exchanges.delete(exchange);
          if (isKept) idle.set(place, (idle.get(place) ?? 0) + 1);
        },
      });
      exchanges.add(exchange);
      return exchange;
    },
  };
}

export function placeOf({ target }: OriginRequest): string {
  return `${target.protocol}://${target.host}:${target.port}`;
}

export class SimExchange implements OriginExchange {
  readonly request: OriginRequest;
  readonly plan: Plan;
  readonly startedMs: number;
  isOver = false;
  hasSeen = false;
  private readonly process: SimProcess;
  private readonly desk: OriginsDesk;
  private readonly handler: OriginHandler;
  private readonly isReused: boolean;
  private readonly onOver: (isKept: boolean) => void;
  private isConnected = false;
  private receivedBytes = 0;
  private bufferedBytes = 0;
  private isBodyWhole = false;
  private isDraining = false;
  private owesDrain = false;
  private hasBegun = false;
  private isAnswering = false;
  private isPaused = false;
  private isPumping = false;
  private sentBytes = 0;
  private hasSentEnd = false;

  constructor(options: {
    process: SimProcess;
    desk: OriginsDesk;
    request: OriginRequest;
    handler: OriginHandler;
    plan: Plan;
    isReused: boolean;
    onOver: (isKept: boolean) => void;
  }) {
    this.process = options.process;
    this.desk = options.desk;
    this.request = options.request;
    this.handler = options.handler;
    this.plan = options.plan;
    this.isReused = options.isReused;
    this.onOver = options.onOver;
    this.startedMs = options.process.clock.nowMs();
    const { fault, connectMs } = this.plan.origin;
    if (fault === 'refuses') this.failAfter(connectMs, 'origin_refused', false);
    else if (fault !== 'hangs') this.later(this.isReused ? 0 : connectMs, 'connects', () => this.connect());
  }

  /** All was said; the origin still takes what it was sent. */
  get isFinishing(): boolean {
    return this.isBodyWhole && this.hasSentEnd;
  }

  write(chunk: Buffer): boolean {
    if (this.isOver) return true;
    const { requestId } = this.plan;
    const isRight = isPayload(requestId, 'up', this.receivedBytes, chunk);
    this.desk.invariants.bytesAreExact(isRight, requestId, `up at ${this.receivedBytes}`);
    this.receivedBytes += chunk.length;
    this.bufferedBytes += chunk.length;
    this.desk.invariants.originBufferIsBounded(this.bufferedBytes, requestId);
    this.drain();
    if (this.bufferedBytes < HIGH_WATER_BYTES) return true;
    this.owesDrain = true;
    return false;
  }

  end(trailers: FlatHeaders): void {
    if (this.isOver) return;
    const { requestId, up } = this.plan;
    const { invariants } = this.desk;
    const wanted = up?.bytes ?? 0;
    const isWhole = this.receivedBytes === wanted && !this.isBodyWhole;
    invariants.bytesAreExact(isWhole, requestId, `up ${this.receivedBytes} of ${wanted} bytes`);
    const areSame = trailers.join() === (up?.trailers ?? []).join();
    invariants.bytesAreExact(areSame, requestId, `up trailers ${trailers.join()}`);
    this.isBodyWhole = true;
    this.desk.trace.count('request bodies whole');
    this.proceed();
    this.settle();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.pump();
  }

  abort(): void {
    if (this.isOver) return;
    this.desk.trace.count('origin requests aborted');
    this.finish(false);
  }

  private connect(): void {
    this.isConnected = true;
    this.handler.onConnected();
    if (this.isReused && this.plan.origin.fault === 'stale') {
      this.desk.trace.count('stale connections');
      this.failAfter(0, 'origin_reset', true);
      return;
    }
    this.hasSeen = true;
    this.desk.trace.count('origin requests');
    this.desk.onReceived(this);
    if (this.request.expectsContinue && this.plan.origin.continues)
      this.later(1, 'continues', () => this.handler.onContinue());
    this.drain();
    this.proceed();
  }

  /** Begins to answer once its time has come. */
  private proceed(): void {
    const { answers, thinkMs, fault } = this.plan.origin;
    if (!this.isConnected || this.hasBegun || this.isOver || fault === 'neverAnswers') return;
    const { up } = this.plan;
    const isWhole = this.isBodyWhole || up === null;
    const isHalf = isWhole || this.receivedBytes * 2 >= up.bytes;
    if ((answers === 'afterBody' && !isWhole) || (answers === 'inMidBody' && !isHalf)) return;
    this.hasBegun = true;
    if (fault === 'resetsBeforeHead') {
      this.failAfter(thinkMs, 'origin_reset', false);
      return;
    }
    this.later(thinkMs, 'answers', () => this.answer());
  }

  private answer(): void {
    const { status, down, informs } = this.plan.origin;
    const { requestId } = this.plan;
    for (let n = 0; n < informs; n += 1)
      this.handler.onInform({ status: 103, reason: '', headers: ['Link', `</${n}>`] });
    const isUpgrade = status === 101;
    this.isAnswering = true;
    const head = { status, reason: 'as planned', headers: ['X-Request', requestId] };
    this.handler.onHead(head, isUpgrade ? false : down !== null);
    if (this.isOver) return;
    if (down === null) {
      this.later(0, 'ends', () => this.tellEnd([]));
      return;
    }
    this.pump();
  }

  private pump(): void {
    const { down, fault } = this.plan.origin;
    if (this.isOver || this.isPaused || this.isPumping || !this.isAnswering || this.hasSentEnd) return;
    if (down === null) return;
    this.isPumping = true;
    this.later(down.gapMs, 'sends', () => {
      this.isPumping = false;
      if (fault === 'resetsMidBody' && this.sentBytes * 2 >= down.bytes) {
        this.failAfter(0, 'origin_reset', false);
        return;
      }
      if (this.sentBytes < down.bytes) {
        const left = Math.min(down.chunkBytes, down.bytes - this.sentBytes);
        const chunk = payload(this.plan.requestId, 'down', this.sentBytes, left);
        this.sentBytes += chunk.length;
        this.handler.onData(chunk);
      }
      if (this.sentBytes < down.bytes) {
        this.pump();
        return;
      }
      this.later(0, 'ends', () => this.tellEnd(down.trailers));
    });
  }

  private tellEnd(trailers: FlatHeaders): void {
    this.hasSentEnd = true;
    if (this.plan.origin.status === 101) {
      this.handler.onEnd(trailers);
      this.settle();
      return;
    }
    const isKept = this.isBodyWhole || this.plan.up === null;
    this.finish(isKept);
    this.handler.onEnd(trailers);
  }

  /** The body is taken as fast as this origin takes it. */
  private drain(): void {
    if (!this.isConnected || this.isDraining || this.bufferedBytes === 0) return;
    const { takeBytesPerMs } = this.plan.origin;
    this.isDraining = true;
    const taking = Math.min(this.bufferedBytes, takeBytesPerMs === Infinity ? Infinity : takeBytesPerMs * 50);
    this.later(taking / takeBytesPerMs, 'takes', () => {
      this.isDraining = false;
      this.bufferedBytes -= taking;
      this.proceed();
      if (this.bufferedBytes > 0) {
        this.drain();
        return;
      }
      this.settle();
      if (!this.owesDrain || this.isOver) return;
      this.owesDrain = false;
      this.handler.onDrain();
    });
  }

  /** An upgraded connection is over once both directions have ended. */
  private settle(): void {
    if (this.isBodyWhole && this.hasSentEnd && this.bufferedBytes === 0) this.finish(false);
  }

  private failAfter(delayMs: number, code: 'origin_refused' | 'origin_reset', isStale: boolean): void {
    this.later(delayMs, `fails ${code}`, () => {
      this.finish(false);
      this.handler.onFailed(code, 'as planned', isStale);
    });
  }

  private finish(isKept: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onOver(isKept);
  }

  private later(delayMs: number, what: string, act: () => void): void {
    this.process.after(delayMs, `${this.plan.requestId} origin ${what}`, () => {
      if (!this.isOver) act();
    });
  }
}
