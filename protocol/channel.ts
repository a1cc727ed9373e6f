// The multiplexer over one wire: streams by id, frames in and out, one flow-control ledger.

import type { RequestHead } from './head.ts';
import type { ScheduleFlush, Wire } from './wire.ts';
import { TunnelError, type ErrorCode } from './errors.ts';
import { readFrames } from './frame.ts';
import { MAX_BINARY_MESSAGE_BYTES, MAX_STREAMS, MAX_STREAM_ID, STALLED_SOCKET_BYTES } from './limits.ts';
import { Outbox } from './outbox.ts';
import { PeerFrames, type AcceptStream } from './peerFrames.ts';
import type { Stream, StreamHandler, StreamLedger } from './stream.ts';
import { Streams } from './streams.ts';

export interface ChannelOptions {
  readonly wire: Wire;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly schedule: ScheduleFlush;
  /** The agent's side: answers streams that the gateway opens. Without it this is the gateway's side. */
  readonly accept?: AcceptStream;
}

export interface ChannelLedger {
  readonly streams: readonly StreamLedger[];
  /** Received and not yet consumed, on all streams. */
  readonly heldBytes: number;
  /** Sent and not yet reported as arrived. */
  readonly aheadBytes: number;
  readonly spareBytes: number;
}

/**
 * One side of a channel. `receive` throws a TunnelError when the peer breaks a rule: the owner closes the wire with
 * its code. All other methods are safe at any time.
 */
export class Channel {
  private readonly options: ChannelOptions;
  private readonly outbox: Outbox;
  private readonly streams: Streams;
  private readonly frames: PeerFrames;
  private isDraining = false;
  /** Set while draining, until it was told that no stream is left. */
  private onIdle: (() => void) | undefined;

  constructor(options: ChannelOptions) {
    const { wire, nowMs, schedule, accept } = options;
    this.options = options;
    this.outbox = new Outbox(wire, nowMs, schedule, (stream) => {
      this.streams.removeIfOver(stream);
    });
    this.streams = new Streams(this.outbox, () => {
      this.tellIdle();
    });
    this.frames = new PeerFrames(this.streams, this.outbox, nowMs, accept);
  }

  get streamCount(): number {
    return this.streams.count;
  }

  get highestStreamId(): number {
    return this.streams.highestId;
  }

  /** No further stream has a number: a new wire is needed. */
  get isSpent(): boolean {
    return this.streams.highestId >= MAX_STREAM_ID;
  }

  /**
   * Opens a stream (gateway's side) and sends its head.
   * @throws TunnelError `overloaded` when the channel has no room, `tunnel_lost` when it is closed, `head_too_large`.
   */
  open(head: RequestHead, makeHandler: (stream: Stream) => StreamHandler): Stream {
    if (this.outbox.isClosed || this.isDraining || this.isSpent) {
      throw new TunnelError('tunnel_lost');
    }
    if (this.streams.isFull) throw new TunnelError('overloaded', `${MAX_STREAMS} streams are open`);
    if (this.options.wire.bufferedBytes() > STALLED_SOCKET_BYTES)
      throw new TunnelError('overloaded', 'the agent does not read');
    return this.streams.open(head, makeHandler);
  }

  /**
   * Takes one binary message.
   * @throws TunnelError naming the rule the peer broke.
   */
  receive(message: Buffer): void {
    if (this.outbox.isClosed) return;
    if (message.length > MAX_BINARY_MESSAGE_BYTES)
      throw new TunnelError('message_too_large', `${message.length} bytes`);
    readFrames(message, this.frames);
    this.streams.report();
  }

  /** The wire can take more. */
  onWireDrained(): void {
    this.outbox.requestFlush();
  }

  /** Takes no new streams: those that run may finish, then `onIdle` is called once, never from inside this call. */
  drain(onIdle: () => void): void {
    this.isDraining = true;
    this.onIdle = onIdle;
    this.tellIdle();
  }

  /** Ends every stream with `code`; nothing is sent any more. */
  close(code: ErrorCode): void {
    if (this.outbox.isClosed) return;
    this.outbox.close();
    this.streams.endAll(code);
  }

  ledger(): ChannelLedger {
    return {
      streams: this.streams.ledgers(),
      heldBytes: this.streams.heldBytes,
      aheadBytes: this.outbox.aheadBytes,
      spareBytes: this.streams.spareBytes,
    };
  }

  private tellIdle(): void {
    if (this.onIdle === undefined) return;
    this.options.schedule(() => {
      const { onIdle } = this;
      if (onIdle === undefined || this.streams.count > 0 || this.outbox.isClosed) return;
      this.onIdle = undefined;
      onIdle();
    });
  }
}
