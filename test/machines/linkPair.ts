// Owns two links joined in memory: what one end sends arrives at the other after the latency, encoded and parsed.

import { controlEvent, type Link, type LinkEvent } from '../../machines/link.ts';
import { encodeControl, parseControl, type ControlMessage } from '../../protocol/control.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { SimulatedClock } from '../simulation/simulatedClock.ts';

export class LinkEnd implements Link {
  readonly sent: ControlMessage[] = [];
  isOver = false;
  private readonly clock: SimulatedClock;
  private readonly pair: LinkPair;
  private readonly report: (event: LinkEvent) => void;
  private received = 0;
  private isDraining = false;

  constructor(pair: LinkPair, clock: SimulatedClock, report: (event: LinkEvent) => void) {
    this.pair = pair;
    this.clock = clock;
    this.report = report;
  }

  send(message: ControlMessage): void {
    if (this.isOver) throw new Error(`${message.type} on a closed link`);
    this.sent.push(message);
    const text = encodeControl(message);
    this.pair.carry(this, (peer) => {
      peer.hear(text);
    });
  }

  close(code: ErrorCode, detail: string): void {
    this.pair.carry(this, (peer) => {
      peer.end(code, detail);
    });
    this.terminate(code);
  }

  terminate(code: ErrorCode): void {
    this.clock.post(() => {
      this.end(code, '');
    });
  }

  receivedBytes(): number {
    return this.received;
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  serve(): void {
    this.pair.serving.add(this);
  }

  drain(reason: ErrorCode, retryAfterMs: number): void {
    this.send({ type: 'goaway', reason, lastStreamId: 0, retryAfterMs });
  }

  finish(): void {
    this.isDraining = true;
    this.noteIdle();
  }

  /** Says so when draining is done. */
  noteIdle(): void {
    if (!this.isDraining || this.pair.streams > 0) return;
    this.isDraining = false;
    this.clock.post(() => {
      if (!this.isOver) this.report({ type: 'link.idle' });
    });
  }

  private hear(text: string): void {
    const message = parseControl(text);
    if (this.isOver || message === undefined) return;
    this.received += text.length;
    this.report(controlEvent(message));
  }

  private end(code: ErrorCode, detail: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.report({ type: 'link.closed', code, detail });
  }
}

export class LinkPair {
  readonly agent: LinkEnd;
  readonly gateway: LinkEnd;
  readonly serving = new Set<LinkEnd>();
  /** Nothing arrives any more and nobody is told: a half-open wire. */
  isSilent = false;
  private readonly clock: SimulatedClock;
  private readonly latencyMs: number;
  private running = 0;

  constructor(
    clock: SimulatedClock,
    latencyMs: number,
    toAgent: (event: LinkEvent) => void,
    toGateway: (event: LinkEvent) => void,
  ) {
    this.clock = clock;
    this.latencyMs = latencyMs;
    this.agent = new LinkEnd(this, clock, toAgent);
    this.gateway = new LinkEnd(this, clock, toGateway);
  }

  get streams(): number {
    return this.running;
  }

  /** As many streams run now. */
  set streams(count: number) {
    this.running = count;
    this.agent.noteIdle();
    this.gateway.noteIdle();
  }

  carry(from: LinkEnd, deliver: (peer: LinkEnd) => void): void {
    const peer = from === this.agent ? this.gateway : this.agent;
    this.clock.setTimer(this.latencyMs, () => {
      if (!this.isSilent) deliver(peer);
    });
  }
}
