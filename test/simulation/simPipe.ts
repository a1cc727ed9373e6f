// One direction of a simulated wire: a sender's buffer, a kernel's, a line with bandwidth and delay, and its ways to fail.

import type { SeededRandom } from './seededRandom.ts';
import type { SimulatedClock } from './simulatedClock.ts';
import type { Trace } from './trace.ts';
import { FRAME_HEADER_BYTES } from '../../protocol/frame.ts';
import { MAX_BINARY_MESSAGE_BYTES } from '../../protocol/limits.ts';

export type Parcel =
  | { readonly kind: 'binary'; readonly message: Buffer; readonly onTaken: () => void }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'open' }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  /** The answer to a close, and the end of the connection. */
  | { readonly kind: 'gone' };

/**
 * `stalled`: nothing moves, nothing is lost. `deaf`: bytes under way are lost and no more leave (half-open TCP).
 * `swallowing`: bytes leave and are lost (a proxy whose other side is gone). `broken`: the connection has ended.
 */
export type PipeState = 'flowing' | 'stalled' | 'deaf' | 'swallowing' | 'broken';

export interface Line {
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Infinity for a line that is never the bottleneck. */
  readonly bytesPerMs: number;
  readonly kernelBytes: number;
  /** Messages are split between frames and joined on the way, as another sender might have written them. */
  readonly regroups: boolean;
}

export class SimPipe {
  private readonly clock: SimulatedClock;
  private readonly trace: Trace;
  private readonly name: string;
  private readonly line: Line;
  private readonly random: SeededRandom;
  private readonly deliver: (parcel: Parcel) => void;
  /** Tells the sender, later, that the network took a message. */
  private readonly tellTaken: (onTaken: () => void) => void;
  private readonly waiting: Parcel[] = [];
  private readonly kernel: Parcel[] = [];
  private waitingBytes = 0;
  private inKernelBytes = 0;
  private isSending = false;
  private lastArrivalMs = 0;
  private current: PipeState = 'flowing';
  /** Rises when what is under way is lost. */
  private losses = 0;

  constructor(options: {
    clock: SimulatedClock;
    trace: Trace;
    name: string;
    line: Line;
    random: SeededRandom;
    deliver: (parcel: Parcel) => void;
    tellTaken: (onTaken: () => void) => void;
  }) {
    this.clock = options.clock;
    this.trace = options.trace;
    this.name = options.name;
    this.line = options.line;
    this.random = options.random;
    this.deliver = options.deliver;
    this.tellTaken = options.tellTaken;
  }

  get state(): PipeState {
    return this.current;
  }

  get bufferedBytes(): number {
    return this.waitingBytes;
  }

  send(parcel: Parcel): void {
    if (this.current === 'broken') {
      if (parcel.kind === 'binary') this.tellTaken(parcel.onTaken);
      return;
    }
    this.waiting.push(parcel);
    this.waitingBytes += bytesOf(parcel);
    this.take();
    this.transmit();
  }

  /** What the sender's own buffer still holds never leaves; what the kernel has may. */
  dropWaiting(): void {
    for (const parcel of this.waiting.splice(0)) if (parcel.kind === 'binary') this.tellTaken(parcel.onTaken);
    this.waitingBytes = 0;
  }

  change(state: PipeState): void {
    // What was lost stays lost: from there a pipe can only break.
    const isLost = this.current === 'deaf' || this.current === 'swallowing';
    if (this.current === 'broken' || this.current === state || (isLost && state !== 'broken')) return;
    this.current = state;
    if (state === 'deaf' || state === 'broken' || state === 'swallowing') this.losses += 1;
    if (state === 'broken') {
      this.dropWaiting();
      this.kernel.length = 0;
    }
    this.take();
    this.transmit();
  }

  /** The kernel takes what it has room for, a large message whole once it is empty. */
  private take(): void {
    for (;;) {
      const [parcel] = this.waiting;
      if (parcel === undefined) return;
      const bytes = bytesOf(parcel);
      if (this.kernel.length > 0 && this.inKernelBytes + bytes > this.line.kernelBytes) return;
      this.waiting.shift();
      this.waitingBytes -= bytes;
      this.inKernelBytes += bytes;
      if (parcel.kind === 'binary') {
        // From here on the sender may use its buffer for other bytes.
        this.kernel.push({ ...parcel, message: Buffer.from(parcel.message) });
        this.tellTaken(parcel.onTaken);
      } else {
        this.kernel.push(parcel);
      }
    }
  }

  private transmit(): void {
    while (!this.isSending && (this.current === 'flowing' || this.current === 'swallowing')) {
      const [parcel] = this.kernel;
      if (parcel === undefined) return;
      const durationMs = bytesOf(parcel) / this.line.bytesPerMs;
      if (durationMs === 0) {
        this.leave(parcel);
        continue;
      }
      this.isSending = true;
      const { losses } = this;
      this.clock.setTimer(durationMs, () => {
        this.isSending = false;
        // Cut in mid message: not a byte of it counts.
        const hasLeft = losses === this.losses && this.kernel[0] === parcel && this.current !== 'stalled';
        if (hasLeft) this.leave(parcel);
        this.transmit();
      });
    }
  }

  private leave(parcel: Parcel): void {
    this.kernel.shift();
    this.inKernelBytes -= bytesOf(parcel);
    const grown = this.joined(parcel);
    this.take();
    if (this.current !== 'flowing') return;
    const { latencyMs, jitterMs } = this.line;
    const nowMs = this.clock.nowMs();
    const arrivalMs = Math.max(this.lastArrivalMs, nowMs + latencyMs + this.random.between(0, jitterMs));
    this.lastArrivalMs = arrivalMs;
    const { losses } = this;
    this.clock.setTimer(arrivalMs - nowMs, () => {
      if (losses === this.losses) this.arrive(grown);
    });
  }

  private arrive(parcel: Parcel): void {
    this.trace.note(this.name, parcel.kind === 'text' ? parcel.text : `${parcel.kind} ${bytesOf(parcel)}`);
    if (parcel.kind !== 'binary' || !this.line.regroups || this.random.fraction() < 0.5) {
      this.deliver(parcel);
      return;
    }
    for (const message of splitAtFrames(parcel.message, this.random)) this.deliver({ ...parcel, message });
  }

  /** Sometimes messages that follow each other at once arrive as one. */
  private joined(parcel: Parcel): Parcel {
    if (parcel.kind !== 'binary' || !this.line.regroups) return parcel;
    let whole = parcel;
    for (;;) {
      const [next] = this.kernel;
      if (next?.kind !== 'binary' || this.random.fraction() < 0.3) return whole;
      if (whole.message.length + next.message.length > MAX_BINARY_MESSAGE_BYTES) return whole;
      this.kernel.shift();
      this.inKernelBytes -= next.message.length;
      whole = { ...whole, message: Buffer.concat([whole.message, next.message]) };
    }
  }
}

function bytesOf(parcel: Parcel): number {
  if (parcel.kind === 'binary') return parcel.message.length;
  return parcel.kind === 'text' ? parcel.text.length : 0;
}

function splitAtFrames(message: Buffer, random: SeededRandom): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  for (let end = 0; end < message.length;) {
    end += FRAME_HEADER_BYTES + message.readUIntBE(end, 3);
    if (end < message.length && random.fraction() < 0.5) continue;
    parts.push(message.subarray(start, end));
    start = end;
  }
  return parts;
}
