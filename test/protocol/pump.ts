// One end of a stream under load: writes a known body as fast as it may, checks and slowly consumes what comes.

import type { ErrorCode } from '../../protocol/errors.ts';
import type { Stream, StreamHandler } from '../../protocol/stream.ts';
import type { Loop } from './loop.ts';

export interface PumpPlan {
  readonly sends: Buffer;
  readonly expects: Buffer;
  /** Bytes a write. */
  readonly chunkBytes: number;
  /** How long a received chunk is held before it is consumed. */
  readonly consumeAfterMs: number;
}

export class Pump implements StreamHandler {
  receivedBytes = 0;
  hasEnded = false;
  outcome: ErrorCode | 'open' = 'open';
  /** The first thing that was not as expected. */
  fault: string | undefined;
  private readonly loop: Loop;
  private readonly plan: PumpPlan;
  private stream: Stream | undefined;
  private sentBytes = 0;

  constructor(loop: Loop, plan: PumpPlan) {
    this.loop = loop;
    this.plan = plan;
  }

  attach(stream: Stream): void {
    this.stream = stream;
  }

  start(): void {
    this.pump();
  }

  onInform(): void {}
  onResponse(): void {}
  onStop(): void {
    this.fault ??= 'nobody stops here';
  }
  onWanted(): void {}
  onDrained(): void {
    this.pump();
  }

  onData(chunk: Buffer): void {
    const expected = this.plan.expects.subarray(this.receivedBytes, this.receivedBytes + chunk.length);
    if (!expected.equals(chunk)) this.fault ??= `bytes differ from ${this.receivedBytes} on`;
    if (this.hasEnded || this.outcome !== 'open') this.fault ??= 'data after the end';
    this.receivedBytes += chunk.length;
    const { consumeAfterMs } = this.plan;
    if (consumeAfterMs === 0) this.stream?.consume(chunk.length);
    else this.loop.schedule(() => this.stream?.consume(chunk.length), consumeAfterMs);
  }

  onEnd(): void {
    if (this.hasEnded || this.outcome !== 'open') this.fault ??= 'a second end';
    if (this.receivedBytes !== this.plan.expects.length) this.fault ??= 'the end came early';
    this.hasEnded = true;
  }

  onReset(code: ErrorCode): void {
    if (this.outcome !== 'open') this.fault ??= 'a second reset';
    this.outcome = code;
  }

  private pump(): void {
    const { sends, chunkBytes } = this.plan;
    const { stream } = this;
    if (stream === undefined) return;
    let mayGoOn = true;
    while (mayGoOn && this.sentBytes < sends.length) {
      const chunk = sends.subarray(this.sentBytes, this.sentBytes + chunkBytes);
      this.sentBytes += chunk.length;
      mayGoOn = stream.write(chunk);
    }
    if (this.sentBytes === sends.length) stream.end();
  }
}
