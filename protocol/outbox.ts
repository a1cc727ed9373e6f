// What leaves on one wire and in which order: heads and credit at once, DATA by turns, within the pace of the peer.

import type { ChannelStream } from './stream.ts';
import type { ScheduleFlush, Wire } from './wire.ts';
import { SendCredit } from './credit.ts';
import { TunnelError } from './errors.ts';
import { FRAME_HEADER_BYTES, writeDataHeader } from './frame.ts';
import {
  BATCH_BYTES,
  CHANNEL_WINDOW_BYTES,
  MAX_BINARY_MESSAGE_BYTES,
  MAX_DATA_BYTES,
  SHARED_DATA_BYTES,
  SOCKET_AHEAD_BYTES,
} from './limits.ts';
import { Pace } from './pace.ts';

/** Messages below this size come from the runtime's own slab; above, fresh buffers would outrun the collector. */
const SMALL_MESSAGE_BYTES = 4 * 1024;

/** Large buffers kept for reuse. More than this are in flight only when the socket is full. */
const SPARE_BUFFERS = 4;

interface DataPart {
  readonly streamId: number;
  readonly payload: Buffer;
}

/** Collects frames during a tick and writes them as few messages at its end. */
export class Outbox {
  private readonly wire: Wire;
  private readonly nowMs: () => number;
  private readonly schedule: ScheduleFlush;
  private readonly onEnded: (stream: ChannelStream) => void;
  private readonly credit = new SendCredit(CHANNEL_WINDOW_BYTES);
  private readonly pace = new Pace();
  private readonly frames: Buffer[] = [];
  /** Streams with something to send now, next turn first. */
  private readonly ready = new Set<ChannelStream>();
  private readonly spare: Buffer[] = [];
  private isScheduled = false;
  private hasClosed = false;

  constructor(
    wire: Wire,
    nowMs: () => number,
    schedule: ScheduleFlush,
    onEnded: (stream: ChannelStream) => void,
  ) {
    this.wire = wire;
    this.nowMs = nowMs;
    this.schedule = schedule;
    this.onEnded = onEnded;
  }

  /** Nothing leaves any more. */
  get isClosed(): boolean {
    return this.hasClosed;
  }

  get aheadBytes(): number {
    return this.pace.aheadBytes;
  }

  /** Queues a frame other than DATA: it leaves with this tick, before any DATA. */
  push(frame: Buffer): void {
    this.frames.push(frame);
    this.requestFlush();
  }

  /** Gives a stream its turns if it has bytes and credit for them, or an end to tell. */
  markReady(stream: ChannelStream): void {
    if (!hasSomethingToSend(stream)) return;
    this.ready.add(stream);
    this.requestFlush();
  }

  unmark(stream: ChannelStream): void {
    this.ready.delete(stream);
  }

  /** @throws TunnelError when the peer claims more than it can have. */
  onReport(creditBytes: number, arrivedBytes: number): void {
    this.credit.add(creditBytes);
    if (!this.pace.onReport(arrivedBytes, this.nowMs())) {
      throw new TunnelError('protocol_error', 'more arrived than was sent');
    }
    this.requestFlush();
  }

  requestFlush(): void {
    if (this.isScheduled || this.hasClosed || (this.frames.length === 0 && this.ready.size === 0)) return;
    this.isScheduled = true;
    this.schedule(() => {
      this.isScheduled = false;
      this.flush();
    });
  }

  close(): void {
    this.hasClosed = true;
  }

  private flush(): void {
    const drained = new Set<ChannelStream>();
    while (!this.hasClosed && this.sendOneMessage(drained));
    for (const stream of drained) stream.settleDrain();
  }

  /** False when nothing could be sent. */
  private sendOneMessage(drained: Set<ChannelStream>): boolean {
    const parts: (Buffer | DataPart)[] = [];
    let size = 0;
    for (const frame of this.frames) {
      if (size >= BATCH_BYTES) break;
      parts.push(frame);
      size += frame.length;
    }
    this.frames.splice(0, parts.length);

    let budget = Math.min(
      this.credit.bytes,
      this.pace.allowanceBytes,
      SOCKET_AHEAD_BYTES - this.wire.bufferedBytes(),
    );
    while (size < BATCH_BYTES) {
      const [stream] = this.ready;
      if (stream === undefined) break;
      this.ready.delete(stream);
      const part = this.nextOf(stream, budget);
      if (part === undefined) {
        this.ready.add(stream);
        break;
      }
      if (Buffer.isBuffer(part)) {
        size += part.length;
      } else {
        const bytes = part.payload.length;
        size += FRAME_HEADER_BYTES + bytes;
        budget -= bytes;
        this.credit.spend(bytes);
        this.pace.onSent(bytes, this.nowMs());
        drained.add(stream);
      }
      parts.push(part);
      if (hasSomethingToSend(stream)) this.ready.add(stream);
    }
    if (size === 0) return false;
    this.send(parts, size);
    return true;
  }

  /** The next frame of a ready stream: its end, or DATA; undefined when the wire may take no more DATA now. */
  private nextOf(stream: ChannelStream, budget: number): Buffer | DataPart | undefined {
    if (stream.queuedBytes === 0) {
      stream.sending = 'ended';
      this.onEnded(stream);
      return stream.endFrame;
    }
    if (budget <= 0) return undefined;
    const turn = this.ready.size > 0 ? SHARED_DATA_BYTES : MAX_DATA_BYTES;
    const payload = stream.takeQueued(Math.min(turn, budget, stream.credit.bytes));
    stream.credit.spend(payload.length);
    return { streamId: stream.id, payload };
  }

  private send(parts: readonly (Buffer | DataPart)[], size: number): void {
    const isSmall = size <= SMALL_MESSAGE_BYTES;
    const buffer = isSmall
      ? Buffer.allocUnsafe(size)
      : (this.spare.pop() ?? Buffer.allocUnsafeSlow(MAX_BINARY_MESSAGE_BYTES));
    let offset = 0;
    for (const part of parts) {
      if (Buffer.isBuffer(part)) {
        offset += part.copy(buffer, offset);
      } else {
        writeDataHeader(buffer, offset, part.streamId, part.payload.length);
        offset += FRAME_HEADER_BYTES;
        offset += part.payload.copy(buffer, offset);
      }
    }
    this.wire.sendBinary(buffer.subarray(0, size), () => {
      if (!isSmall && this.spare.length < SPARE_BUFFERS) this.spare.push(buffer);
    });
  }
}

function hasSomethingToSend(stream: ChannelStream): boolean {
  if (stream.sending !== 'body') return false;
  return stream.queuedBytes > 0 ? stream.credit.bytes > 0 : stream.endFrame !== undefined;
}
