// The streams of one channel by their ids: opened, credited, ended, and what each holds of the channel's windows.

import type { RequestHead, ResponseHead } from './head.ts';
import type { ErrorCode } from './errors.ts';
import type { Outbox } from './outbox.ts';
import { ChannelWindow, ReceiveWindow, SparePool } from './credit.ts';
import { TunnelError } from './errors.ts';
import {
  encodeChannelCredit,
  encodeCredit,
  encodeInform,
  encodeRequest,
  encodeReset,
  encodeResponse,
  encodeStop,
  type StreamWindows,
} from './frame.ts';
import { MAX_STREAMS } from './limits.ts';
import {
  ChannelStream,
  type Stream,
  type StreamCarrier,
  type StreamHandler,
  type StreamLedger,
} from './stream.ts';

export class Streams implements StreamCarrier {
  private readonly byId = new Map<number, ChannelStream>();
  private readonly outbox: Outbox;
  /** Called whenever a stream has ended. */
  private readonly onEnded: () => void;
  private readonly received = new ChannelWindow();
  /** Behind the windows we grant. */
  private readonly receivePool = new SparePool();
  /** Behind the windows we assume for what we send: only the side that opens streams chooses them and asks this pool. */
  private readonly assumedPool = new SparePool();
  private highest = 0;
  /** Streams that are over and whose last bytes our side has not passed on: they keep their window and their place. */
  private lingering = 0;

  constructor(outbox: Outbox, onEnded: () => void) {
    this.outbox = outbox;
    this.onEnded = onEnded;
  }

  get count(): number {
    return this.byId.size;
  }

  get highestId(): number {
    return this.highest;
  }

  /** No room for another: those that linger count. */
  get isFull(): boolean {
    return this.byId.size + this.lingering >= MAX_STREAMS;
  }

  /** Received and not yet consumed, on all streams. */
  get heldBytes(): number {
    return this.received.heldBytes;
  }

  get spareBytes(): number {
    return this.receivePool.freeBytes;
  }

  ledgers(): readonly StreamLedger[] {
    return [...this.byId.values()].map((stream) => stream.ledger());
  }

  /**
   * The stream of an id, undefined when it is over: its late frames are ignored.
   * @throws TunnelError `unknown_stream` when it was never opened.
   */
  find(streamId: number): ChannelStream | undefined {
    if (streamId > this.highest) throw new TunnelError('unknown_stream', `stream ${streamId}`);
    return this.byId.get(streamId);
  }

  /** Opens a stream of ours and sends its head. Throws TunnelError `head_too_large`: then nothing has changed. */
  open(head: RequestHead, makeHandler: (stream: Stream) => StreamHandler): Stream {
    const id = this.highest + 1;
    const windows: StreamWindows = {
      request: head.expectsContinue || !head.hasBody ? 0 : this.assumedPool.takeInitial(),
      response: this.receivePool.takeInitial(),
    };
    this.outbox.push(this.encodeOpening(id, head, windows));
    const stream = new ChannelStream(this, id, makeHandler, {
      sending: head.hasBody ? 'body' : 'ended',
      receiving: 'head',
      window: new ReceiveWindow(windows.response, this.receivePool),
      sendBytes: windows.request,
    });
    this.add(stream);
    return stream;
  }

  /** Marks an id as used: a stream of the peer's, whether it is taken or not. */
  noteOpened(streamId: number): void {
    this.highest = streamId;
  }

  /** Takes a stream of the peer's. */
  take(
    id: number,
    head: RequestHead,
    windows: StreamWindows,
    makeHandler: (stream: Stream) => StreamHandler,
  ): void {
    this.receivePool.takeGiven(windows.request);
    const stream = new ChannelStream(this, id, makeHandler, {
      sending: 'head',
      receiving: head.hasBody ? 'body' : 'ended',
      window: new ReceiveWindow(windows.request, this.receivePool),
      sendBytes: windows.response,
    });
    this.add(stream);
  }

  /** Counts DATA that came. @throws TunnelError `credit_overdrawn` when the channel's window does not hold it. */
  receive(bytes: number): void {
    this.received.receive(bytes);
  }

  /** DATA that nobody waits for any more: at once given back to the channel. */
  discard(bytes: number): void {
    this.received.consume(bytes);
  }

  /** Tells the peer what has arrived and was consumed, once it is worth a frame. */
  report(): void {
    const bytes = this.received.takeReport();
    if (bytes !== undefined) this.outbox.push(encodeChannelCredit(bytes, this.received.arrivedBytes));
  }

  removeIfOver(stream: ChannelStream): void {
    if (stream.isOver) this.remove(stream);
  }

  /** Ends a stream before its time: what it holds counts as consumed. */
  forget(stream: ChannelStream): void {
    stream.sending = 'ended';
    stream.receiving = 'ended';
    stream.dropQueue();
    const held = stream.window.heldBytes;
    stream.window.settle(held);
    this.received.consume(held);
    this.remove(stream);
  }

  /** Ends every stream with `code`. */
  endAll(code: ErrorCode): void {
    for (const stream of [...this.byId.values()]) {
      // A handler may end others.
      if (stream.isOver) continue;
      this.forget(stream);
      stream.handler.onReset(code);
    }
  }

  // What streams ask (StreamCarrier).

  inform(stream: ChannelStream, head: ResponseHead): void {
    this.outbox.push(encodeInform(stream.id, head));
  }

  respond(stream: ChannelStream, head: ResponseHead, hasBody: boolean): void {
    this.outbox.push(encodeResponse(stream.id, head, hasBody));
    stream.sending = hasBody ? 'body' : 'ended';
    this.removeIfOver(stream);
  }

  markReady(stream: ChannelStream): void {
    this.outbox.markReady(stream);
  }

  consume(stream: ChannelStream, bytes: number): void {
    if (bytes <= 0 || stream.window.heldBytes < bytes) return;
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
    this.report();
  }

  grantPending(stream: ChannelStream): void {
    if (stream.receiving !== 'body' || stream.hasStopped) return;
    const grant = stream.window.grantPending();
    if (grant > 0) this.outbox.push(encodeCredit(stream.id, grant));
  }

  stop(stream: ChannelStream): void {
    this.outbox.push(encodeStop(stream.id));
  }

  reset(stream: ChannelStream, code: ErrorCode): void {
    if (stream.isOver) {
      this.consume(stream, stream.window.heldBytes);
      return;
    }
    this.forget(stream);
    this.outbox.push(encodeReset(stream.id, code));
    this.report();
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

  /** Its handler may have ended it already, while it was made. */
  private add(stream: ChannelStream): void {
    this.highest = stream.id;
    this.byId.set(stream.id, stream);
    this.removeIfOver(stream);
  }

  private remove(stream: ChannelStream): void {
    if (!this.byId.delete(stream.id)) return;
    this.outbox.unmark(stream);
    if (stream.window.heldBytes === 0) stream.window.release();
    else this.lingering += 1;
    this.assumedPool.release(stream.initialSendBytes);
    this.onEnded();
  }
}
