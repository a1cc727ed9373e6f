// A simulated visitor: asks as planned, checks every byte it gets, and ends in exactly one way.

import type { ErrorCode } from '../../protocol/errors.ts';
import type { FlatHeaders, ResponseHead } from '../../protocol/head.ts';
import type { Visitor, VisitorHandler, VisitorRequest } from '../../services/gateway/visitor.ts';
import type { Invariants } from './invariants.ts';
import type { Plan } from './plans.ts';
import type { SimProcess } from './simProcess.ts';
import type { Trace } from './trace.ts';
import { isPayload, payload } from './payload.ts';

/** As a socket's: more than this asks its writer to wait. */
const HIGH_WATER_BYTES = 16 * 1024;

export type VisitorEnd =
  | { readonly kind: 'full' }
  | { readonly kind: 'error'; readonly code: ErrorCode }
  | { readonly kind: 'destroyed' }
  | { readonly kind: 'left' };

export class SimVisitor implements Visitor {
  readonly plan: Plan;
  readonly request: VisitorRequest;
  readonly startedMs: number;
  ending: VisitorEnd | null = null;
  endedMs = 0;
  hasHead = false;
  receivedBytes = 0;
  bufferedBytes = 0;
  private readonly gateway: SimProcess;
  private readonly trace: Trace;
  private readonly invariants: Invariants;
  private readonly nowMs: () => number;
  private readonly onEnded: (visitor: SimVisitor) => void;
  private handler: VisitorHandler | undefined;
  private isPaused = true;
  private isInvited: boolean;
  private isPumping = false;
  private sentBytes = 0;
  private hasSentEnd = false;
  private isUpgraded = false;
  private isAnswered = false;
  private owesDrain = false;
  private isDraining = false;

  constructor(options: {
    plan: Plan;
    gateway: SimProcess;
    trace: Trace;
    invariants: Invariants;
    nowMs: () => number;
    onEnded: (visitor: SimVisitor) => void;
  }) {
    const { plan } = options;
    this.plan = plan;
    this.gateway = options.gateway;
    this.trace = options.trace;
    this.invariants = options.invariants;
    this.nowMs = options.nowMs;
    this.onEnded = options.onEnded;
    this.startedMs = options.nowMs();
    this.isInvited = !plan.expectsContinue;
    this.request = {
      requestId: plan.requestId,
      host: plan.host,
      port: null,
      method: plan.method,
      target: `/${plan.requestId}?q=%2F..//`,
      headers: ['Host', plan.host, 'X-Request', plan.requestId],
      hasBody: plan.up !== null && !plan.isUpgrade,
      isUpgrade: plan.isUpgrade,
      expectsContinue: plan.expectsContinue,
      address: '192.0.2.7',
    };
  }

  /** Both sides have said all they had: whoever leaves now takes nothing back. */
  get isThrough(): boolean {
    return this.isAnswered && (this.hasSentEnd || this.plan.up === null);
  }

  /** The gateway took the request. */
  attach(handler: VisitorHandler): void {
    this.handler = handler;
    const { leaves, patienceMs, expectsContinue } = this.plan;
    if (leaves?.when === 'time') this.later(leaves.ms, 'leaves', () => this.leave());
    if (expectsContinue && patienceMs !== null)
      this.later(patienceMs, 'waits no longer', () => {
        this.isInvited = true;
        this.pump();
      });
  }

  /** The gateway's process died, and this connection with it. */
  onGatewayDied(): void {
    if (this.ending === null) this.conclude({ kind: 'destroyed' });
  }

  // What the relay asks (Visitor).

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.pump();
  }

  inform(head: ResponseHead): void {
    if (this.ending !== null) return;
    this.require(!this.hasHead && head.status !== 100 && head.status !== 101, 'a 1xx out of place');
    this.trace.count('informs');
  }

  invite(): void {
    if (this.ending !== null) return;
    this.require(!this.hasHead, 'an invitation after the head');
    if (!this.isInvited) this.trace.count('invitations');
    this.isInvited = true;
    this.pump();
  }

  writeHead(head: ResponseHead, hasBody: boolean): boolean {
    if (this.ending !== null) return true;
    const { origin, requestId, isUpgrade } = this.plan;
    this.require(!this.hasHead, 'a second head');
    this.hasHead = true;
    this.isUpgraded = head.status === 101;
    this.invariants.answerIsItsOwn(head.status === origin.status, requestId, `status ${head.status}`);
    this.invariants.answerIsItsOwn(head.headers[1] === requestId, requestId, `answer of ${head.headers[1]}`);
    const isBodyExpected = origin.down !== null && !(isUpgrade && this.isUpgraded);
    this.invariants.answerIsItsOwn(hasBody === isBodyExpected || this.isUpgraded, requestId, 'body or none');
    if (this.plan.leaves?.when === 'bytes' && this.plan.leaves.bytes === 0)
      this.later(0, 'leaves', () => this.leave());
    this.pump();
    return true;
  }

  write(chunk: Buffer): boolean {
    if (this.ending !== null) return true;
    this.require(this.hasHead && !this.isAnswered, 'body out of place');
    const { requestId, readBytesPerMs } = this.plan;
    const isRight = isPayload(requestId, 'down', this.receivedBytes, chunk);
    this.invariants.bytesAreExact(isRight, requestId, `down at ${this.receivedBytes}`);
    this.receivedBytes += chunk.length;
    this.bufferedBytes += chunk.length;
    this.invariants.visitorBufferIsBounded(this.bufferedBytes, requestId);
    this.drain(readBytesPerMs);
    if (this.bufferedBytes < HIGH_WATER_BYTES) return true;
    this.owesDrain = true;
    return false;
  }

  end(trailers: FlatHeaders): void {
    if (this.ending !== null) return;
    this.require(this.hasHead && !this.isAnswered, 'an end out of place');
    this.isAnswered = true;
    const { requestId, origin } = this.plan;
    const wanted = origin.down ?? { bytes: 0, trailers: [] };
    const isWhole = this.receivedBytes === wanted.bytes;
    this.invariants.bytesAreExact(isWhole, requestId, `${this.receivedBytes} of ${wanted.bytes} bytes`);
    const areSame = trailers.join() === wanted.trailers.join();
    this.invariants.answerIsItsOwn(areSame, requestId, `trailers ${trailers.join()}`);
    if (this.bufferedBytes === 0) this.later(0, 'has all', () => this.settle());
  }

  fail(code: ErrorCode): void {
    if (this.ending !== null) return;
    this.require(!this.hasHead, 'an error page after the head');
    this.conclude({ kind: 'error', code });
    this.close();
  }

  destroy(): void {
    if (this.ending !== null) return;
    this.conclude({ kind: 'destroyed' });
    this.close();
  }

  private leave(): void {
    if (this.ending !== null) return;
    this.conclude({ kind: 'left' });
    this.close();
  }

  private conclude(end: VisitorEnd): void {
    this.invariants.endsOnce(this.ending === null, this.plan.requestId);
    this.ending = end;
    this.endedMs = this.nowMs();
    const what = end.kind === 'error' ? `error ${end.code}` : end.kind;
    this.trace.note(this.plan.requestId, `visitor ends: ${what}`);
    this.trace.count(`visitors ${end.kind}`);
    if (end.kind === 'error') this.trace.count(`error ${end.code}`);
    if (end.kind === 'full' && this.isUpgraded) this.trace.count('upgrades whole');
    this.trace.count('bytes down', this.receivedBytes);
    this.trace.count('bytes up', this.sentBytes);
    this.onEnded(this);
  }

  private close(): void {
    this.gateway.after(0, `${this.plan.requestId} closed`, () => this.handler?.onClosed());
  }

  private pump(): void {
    const body = this.plan.up;
    if (this.isPumping || this.isPaused || !this.isInvited || this.hasSentEnd || body === null) return;
    // The patient say nothing on an upgrade before it stands.
    const isTooEarly = this.plan.isUpgrade && !this.isUpgraded && this.plan.patienceMs === null;
    if (this.ending !== null || isTooEarly) return;
    this.isPumping = true;
    this.later(body.gapMs, 'sends', () => {
      this.isPumping = false;
      if (this.sentBytes < body.bytes) {
        const left = Math.min(body.chunkBytes, body.bytes - this.sentBytes);
        const chunk = payload(this.plan.requestId, 'up', this.sentBytes, left);
        this.sentBytes += chunk.length;
        this.handler?.onData(chunk);
      }
      if (this.sentBytes < body.bytes) {
        this.pump();
        return;
      }
      this.later(0, 'ends its body', () => {
        this.hasSentEnd = true;
        this.handler?.onEnd(body.trailers);
        this.settle();
      });
    });
  }

  private drain(bytesPerMs: number): void {
    if (this.isDraining) return;
    this.isDraining = true;
    const taking = Math.min(this.bufferedBytes, bytesPerMs === Infinity ? Infinity : bytesPerMs * 50);
    this.later(taking / bytesPerMs, 'reads', () => {
      this.isDraining = false;
      this.bufferedBytes -= taking;
      const { leaves } = this.plan;
      if (leaves?.when === 'bytes' && this.receivedBytes - this.bufferedBytes >= leaves.bytes) {
        this.leave();
        return;
      }
      if (this.bufferedBytes > 0) {
        this.drain(bytesPerMs);
        return;
      }
      if (this.isAnswered) {
        this.settle();
        return;
      }
      if (!this.owesDrain) return;
      this.owesDrain = false;
      this.handler?.onDrain();
    });
  }

  /** Over once the answer is taken; an upgraded connection once both directions have ended. */
  private settle(): void {
    if (this.ending !== null || !this.isAnswered || this.bufferedBytes > 0) return;
    if (this.isUpgraded && !this.hasSentEnd) return;
    this.conclude({ kind: 'full' });
    this.close();
  }

  private later(delayMs: number, what: string, act: () => void): void {
    this.gateway.after(delayMs, `${this.plan.requestId} ${what}`, () => {
      if (this.ending === null) act();
    });
  }

  private require(isRight: boolean, what: string): void {
    this.invariants.portsAreUsedRightly(isRight, `${this.plan.requestId}: ${what}`);
  }
}
