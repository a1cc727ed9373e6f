// The multiplexer over one wire: streams by id, frames in and out, one flow-control ledger.

import type { FlatHeaders, RequestHead, ResponseHead } from './head.ts';
import type { ScheduleFlush, Wire } from './wire.ts';
import { ChannelWindow, ReceiveWindow, SparePool } from './credit.ts';
import { TunnelError, errorOfNumber, type ErrorCode } from './errors.ts';
import {
  encodeChannelCredit,
  encodeCredit,
  encodeInform,
  encodeRequest,
  encodeReset,
  encodeResponse,
  encodeStop,
  readFrames,
  type FrameSink,
  type StreamWindows,
} from './frame.ts';
import {
  INITIAL_WINDOW_BYTES,
  MAX_BINARY_MESSAGE_BYTES,
  MAX_INFORMS,
  MAX_STREAMS,
  MAX_STREAM_ID,
  RESETS_PER_SECOND,
  RESET_BURST,
  STALLED_SOCKET_BYTES,
} from './limits.ts';
import { Outbox } from './outbox.ts';
import { createRateLimit } from './rateLimit.ts';
import { Stream, type StreamHandler, type StreamLedger } from './stream.ts';

export interface ChannelOptions {
  readonly wire: Wire;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly schedule: ScheduleFlush;
  /** The agent's side: answers streams that the gateway opens. Without it this is the gateway's side. */
  readonly accept?: (stream: Stream, head: RequestHead) => StreamHandler;
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
export class Channel implements FrameSink {
  private readonly options: ChannelOptions;
  private readonly streams = new Map<number, Stream>();
  private readonly outbox: Outbox;
  private readonly received = new ChannelWindow();
  /** Behind the windows we grant. */
  private readonly receivePool = new SparePool();
  /** Behind the windows we assume for what we send: only the side that opens streams chooses them. */
  private readonly assumedPool = new SparePool();
  private readonly resetLimit = createRateLimit(RESETS_PER_SECOND, RESET_BURST);
  private highestId = 0;
  /** Streams that are over and whose last bytes our side has not passed on: they keep their window and their place. */
  private lingering = 0;
  private isClosed = false;
  /** Set while draining: told once no stream is left. */
  private onIdle: (() => void) | undefined;

  constructor(options: ChannelOptions) {
    this.options = options;
    this.outbox = new Outbox(options.wire, options.nowMs, options.schedule, (stream) => {
      this.forgetIfOver(stream);
    });
  }

  get streamCount(): number {
    return this.streams.size;
  }

  get highestStreamId(): number {
    return this.highestId;
  }

  /**
   * Opens a stream (gateway's side) and sends its head.
   * @throws TunnelError `overloaded` when the channel has no room, `tunnel_lost` when it is closed, `head_too_large`.
   */
  open(head: RequestHead, makeHandler: (stream: Stream) => StreamHandler): Stream {
    if (this.isClosed || this.onIdle !== undefined || this.highestId >= MAX_STREAM_ID) {
      throw new TunnelError('tunnel_lost');
    }
    if (this.streams.size + this.lingering >= MAX_STREAMS)
      throw new TunnelError('overloaded', `${MAX_STREAMS} streams are open`);
    if (this.options.wire.bufferedBytes() > STALLED_SOCKET_BYTES)
      throw new TunnelError('overloaded', 'the agent does not read');
    const id = this.highestId + 1;
    const windows: StreamWindows = {
      request: head.expectsContinue || !head.hasBody ? 0 : this.assumedPool.takeInitial(),
      response: this.receivePool.takeInitial(),
    };
    this.outbox.push(this.encodeOpening(id, head, windows));
    this.highestId = id;
    const stream = new Stream(this, id, makeHandler, {
      sending: head.hasBody ? 'body' : 'ended',
      receiving: 'head',
      window: new ReceiveWindow(windows.response, this.receivePool),
      sendBytes: windows.request,
    });
    this.streams.set(id, stream);
    this.forgetIfOver(stream);
    return stream;
  }

  /**
   * Takes one binary message.
   * @throws TunnelError naming the rule the peer broke.
   */
  receive(message: Buffer): void {
    if (this.isClosed) return;
    if (message.length > MAX_BINARY_MESSAGE_BYTES)
      throw new TunnelError('message_too_large', `${message.length} bytes`);
    readFrames(message, this);
    this.reportArrived();
  }

  /** The wire can take more. */
  onWireDrained(): void {
    this.outbox.requestFlush();
  }

  /** Takes no new streams: those that run may finish, then `onIdle` is called once, never from inside this call. */
  drain(onIdle: () => void): void {
    this.onIdle = onIdle;
    this.tellIdle();
  }

  /** Ends every stream with `code`; nothing is sent any more. */
  close(code: ErrorCode): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.outbox.close();
    for (const stream of [...this.streams.values()]) {
      if (stream.isOver) continue;
      this.forget(stream);
      stream.handler.onReset(code);
    }
  }

  ledger(): ChannelLedger {
    return {
      streams: [...this.streams.values()].map((stream) => stream.ledger()),
      heldBytes: this.received.heldBytes,
      aheadBytes: this.outbox.aheadBytes,
      spareBytes: this.receivePool.freeBytes,
    };
  }

  // What streams ask of their channel.

  sendInform(stream: Stream, head: ResponseHead): void {
    this.outbox.push(encodeInform(stream.id, head));
  }

  sendResponse(stream: Stream, head: ResponseHead, hasBody: boolean): void {
    this.outbox.push(encodeResponse(stream.id, head, hasBody));
    stream.sending = hasBody ? 'body' : 'ended';
    this.forgetIfOver(stream);
  }

  sendStop(stream: Stream): void {
    this.outbox.push(encodeStop(stream.id));
  }

  markReady(stream: Stream): void {
    this.outbox.markReady(stream);
  }

  consume(stream: Stream, bytes: number): void {
    if (bytes <= 0 || stream.window.heldBytes < bytes || this.isClosed) return;
    this.received.consume(bytes);
    if (stream.receiving === 'body' && !stream.hasStopped) {
      const grant = stream.window.consume(bytes);
      if (grant > 0) this.outbox.push(encodeCredit(stream.id, grant));
    } else {
      stream.window.settle(bytes);
      if (stream.isOver && stream.window.heldBytes === 0) {
        this.lingering -= 1;
        stream.window.release();
      }
    }
    this.reportArrived();
  }

  grantPending(stream: Stream): void {
    if (stream.receiving !== 'body' || stream.hasStopped) return;
    const grant = stream.window.grantPending();
    if (grant > 0) this.outbox.push(encodeCredit(stream.id, grant));
  }

  resetStream(stream: Stream, code: ErrorCode): void {
    if (stream.isOver) {
      this.consume(stream, stream.window.heldBytes);
      return;
    }
    this.forget(stream);
    if (this.isClosed) return;
    this.outbox.push(encodeReset(stream.id, code));
    this.reportArrived();
  }

  // What frames of the peer do (FrameSink).

  onRequest(streamId: number, head: RequestHead, windows: StreamWindows): void {
    const { accept } = this.options;
    if (accept === undefined) throw broken('only the gateway opens streams');
    if (streamId <= this.highestId) throw broken(`stream ${streamId} was opened before`);
    if (windows.request > INITIAL_WINDOW_BYTES || windows.response > INITIAL_WINDOW_BYTES)
      throw broken('an implicit window is too large');
    this.highestId = streamId;
    if (this.isClosed) return;
    if (this.streams.size >= MAX_STREAMS) throw broken('too many streams');
    this.receivePool.takeGiven(windows.request);
    const stream = new Stream(this, streamId, (opened) => accept(opened, head), {
      sending: 'head',
      receiving: head.hasBody ? 'body' : 'ended',
      window: new ReceiveWindow(windows.request, this.receivePool),
      sendBytes: windows.response,
    });
    this.streams.set(streamId, stream);
    this.forgetIfOver(stream);
  }

  onResponse(streamId: number, head: ResponseHead, hasBody: boolean): void {
    const stream = this.find(streamId);
    if (stream === undefined) return;
    if (stream.receiving !== 'head') throw broken('a response head out of place');
    stream.receiving = hasBody ? 'body' : 'ended';
    this.forgetIfOver(stream);
    stream.handler.onResponse(head, hasBody);
  }

  onInform(streamId: number, head: ResponseHead): void {
    const stream = this.find(streamId);
    if (stream === undefined) return;
    stream.informs += 1;
    if (stream.receiving !== 'head' || stream.informs > MAX_INFORMS) throw broken('a 1xx out of place');
    stream.handler.onInform(head);
  }

  onData(streamId: number, payload: Buffer): void {
    this.received.receive(payload.length);
    const stream = this.find(streamId);
    if (stream === undefined) {
      this.received.consume(payload.length);
      return;
    }
    if (stream.receiving !== 'body') throw broken('DATA out of place');
    stream.window.receive(payload.length);
    if (stream.hasStopped) {
      stream.window.settle(payload.length);
      this.received.consume(payload.length);
      return;
    }
    stream.handler.onData(payload);
  }

  onEnd(streamId: number, trailers: FlatHeaders): void {
    const stream = this.find(streamId);
    if (stream === undefined) return;
    if (stream.receiving !== 'body') throw broken('END out of place');
    stream.receiving = 'ended';
    this.forgetIfOver(stream);
    stream.handler.onEnd(trailers);
  }

  onReset(streamId: number, number: number): void {
    if (!this.resetLimit.take(this.options.nowMs())) throw new TunnelError('control_flood', 'RESET');
    const stream = this.find(streamId);
    if (stream === undefined) return;
    this.forget(stream);
    stream.handler.onReset(errorOfNumber(number));
  }

  onStop(streamId: number): void {
    const stream = this.find(streamId);
    if (stream?.sending !== 'body') return;
    stream.dropQueue();
    stream.end();
    this.outbox.markReady(stream);
    stream.handler.onStop();
  }

  onCredit(streamId: number, bytes: number): void {
    const stream = this.find(streamId);
    if (stream === undefined) return;
    stream.credit.add(bytes);
    this.outbox.markReady(stream);
    const isFirst = stream.initialSendBytes === 0 && !stream.wasWanted;
    if (!isFirst || bytes === 0 || stream.sending !== 'body') return;
    stream.wasWanted = true;
    stream.handler.onWanted();
  }

  onChannelCredit(bytes: number, arrivedBytes: number): void {
    this.outbox.onReport(bytes, arrivedBytes);
  }

  /** The stream of an id, undefined when it is over: its late frames are ignored. */
  private find(streamId: number): Stream | undefined {
    if (streamId > this.highestId) throw new TunnelError('unknown_stream', `stream ${streamId}`);
    return this.streams.get(streamId);
  }

  private encodeOpening(id: number, head: RequestHead, windows: StreamWindows): Buffer {
    try {
      return encodeRequest(id, head, windows);
    } catch (error) {
      this.assumedPool.release(windows.request);
      this.receivePool.release(windows.response);
      throw error;
    }
  }

  private reportArrived(): void {
    const bytes = this.received.takeReport();
    if (bytes !== undefined) this.outbox.push(encodeChannelCredit(bytes, this.received.arrivedBytes));
  }

  private forgetIfOver(stream: Stream): void {
    if (stream.isOver) this.remove(stream);
  }

  /** Ends a stream before its time: what it holds counts as consumed. */
  private forget(stream: Stream): void {
    stream.sending = 'ended';
    stream.receiving = 'ended';
    stream.dropQueue();
    const held = stream.window.heldBytes;
    stream.window.settle(held);
    this.received.consume(held);
    this.remove(stream);
  }

  private tellIdle(): void {
    const { onIdle } = this;
    if (onIdle === undefined || this.streams.size > 0) return;
    this.options.schedule(() => {
      if (this.streams.size === 0 && !this.isClosed) onIdle();
    });
  }

  private remove(stream: Stream): void {
    if (!this.streams.delete(stream.id)) return;
    this.outbox.unmark(stream);
    if (stream.window.heldBytes === 0) stream.window.release();
    else this.lingering += 1;
    if (this.options.accept === undefined) this.assumedPool.release(stream.initialSendBytes);
    this.tellIdle();
  }
}

function broken(detail: string): TunnelError {
  return new TunnelError('protocol_error', detail);
}
