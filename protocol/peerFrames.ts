// What the peer's frames do to our streams, and which of them break the rules.

import type { FlatHeaders, RequestHead, ResponseHead } from './head.ts';
import type { FrameSink, StreamWindows } from './frame.ts';
import type { Outbox } from './outbox.ts';
import type { Stream, StreamHandler } from './stream.ts';
import type { Streams } from './streams.ts';
import { TunnelError, errorOfNumber } from './errors.ts';
import { INITIAL_WINDOW_BYTES, MAX_INFORMS, MAX_STREAMS, RESETS_PER_SECOND, RESET_BURST } from './limits.ts';
import { createRateLimit } from './rateLimit.ts';

/** Answers a stream that the gateway opens: the agent's side alone has one. */
export type AcceptStream = (stream: Stream, head: RequestHead) => StreamHandler;

/** Every method throws a TunnelError that names the rule when the peer broke one. */
export class PeerFrames implements FrameSink {
  private readonly streams: Streams;
  private readonly outbox: Outbox;
  private readonly nowMs: () => number;
  private readonly accept: AcceptStream | undefined;
  private readonly resetLimit = createRateLimit(RESETS_PER_SECOND, RESET_BURST);

  constructor(streams: Streams, outbox: Outbox, nowMs: () => number, accept: AcceptStream | undefined) {
    this.streams = streams;
    this.outbox = outbox;
    this.nowMs = nowMs;
    this.accept = accept;
  }

  onRequest(streamId: number, head: RequestHead, windows: StreamWindows): void {
    const { accept, streams } = this;
    if (accept === undefined) throw broken('only the gateway opens streams');
    if (streamId <= streams.highestId) throw broken(`stream ${streamId} was opened before`);
    if (windows.request > INITIAL_WINDOW_BYTES || windows.response > INITIAL_WINDOW_BYTES)
      throw broken('an implicit window is too large');
    streams.noteOpened(streamId);
    // A frame before it in the same message may have ended the channel.
    if (this.outbox.isClosed) return;
    if (streams.count >= MAX_STREAMS) throw broken('too many streams');
    streams.take(streamId, head, windows, (stream) => accept(stream, head));
  }

  onResponse(streamId: number, head: ResponseHead, hasBody: boolean): void {
    const stream = this.streams.find(streamId);
    if (stream === undefined) return;
    if (stream.receiving !== 'head') throw broken('a response head out of place');
    stream.receiving = hasBody ? 'body' : 'ended';
    this.streams.removeIfOver(stream);
    stream.handler.onResponse(head, hasBody);
  }

  onInform(streamId: number, head: ResponseHead): void {
    const stream = this.streams.find(streamId);
    if (stream === undefined) return;
    stream.informs += 1;
    if (stream.receiving !== 'head' || stream.informs > MAX_INFORMS) throw broken('a 1xx out of place');
    stream.handler.onInform(head);
  }

  onData(streamId: number, payload: Buffer): void {
    this.streams.receive(payload.length);
    const stream = this.streams.find(streamId);
    if (stream === undefined) {
      this.streams.discard(payload.length);
      return;
    }
    if (stream.receiving !== 'body') throw broken('DATA out of place');
    stream.window.receive(payload.length);
    if (stream.hasStopped) {
      stream.window.settle(payload.length);
      this.streams.discard(payload.length);
      return;
    }
    stream.handler.onData(payload);
  }

  onEnd(streamId: number, trailers: FlatHeaders): void {
    const stream = this.streams.find(streamId);
    if (stream === undefined) return;
    if (stream.receiving !== 'body') throw broken('END out of place');
    stream.receiving = 'ended';
    this.streams.removeIfOver(stream);
    stream.handler.onEnd(trailers);
  }

  onReset(streamId: number, number: number): void {
    if (!this.resetLimit.take(this.nowMs())) throw new TunnelError('control_flood', 'RESET');
    const stream = this.streams.find(streamId);
    if (stream === undefined) return;
    this.streams.forget(stream);
    stream.handler.onReset(errorOfNumber(number));
  }

  onStop(streamId: number): void {
    const stream = this.streams.find(streamId);
    if (stream?.sending !== 'body') return;
    stream.dropQueue();
    stream.end();
    this.outbox.markReady(stream);
    stream.handler.onStop();
  }

  onCredit(streamId: number, bytes: number): void {
    const stream = this.streams.find(streamId);
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
}

function broken(detail: string): TunnelError {
  return new TunnelError('protocol_error', detail);
}
