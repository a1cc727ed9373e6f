// One exchange inside a channel: its two directions, its credit and its queue of bytes to send.

import type { ErrorCode } from './errors.ts';
import type { FlatHeaders, ResponseHead } from './head.ts';
import { SendCredit, type ReceiveWindow } from './credit.ts';
import { encodeEnd } from './frame.ts';

/** Queued bytes above which `write` asks its caller to wait. Raised: more memory per stalled stream. */
const SEND_QUEUE_BYTES = 64 * 1024;

const NOTHING = Buffer.alloc(0);

/** What a stream tells its owner. Every call may follow `reset` only as nothing: after an end there are no calls. */
export interface StreamHandler {
  /** A 1xx passed on. Only the gateway's streams. */
  onInform(head: ResponseHead): void;
  /** The final head. Only the gateway's streams. */
  onResponse(head: ResponseHead, hasBody: boolean): void;
  /** Body bytes: call `stream.consume` once they are passed on, or credit runs out. */
  onData(chunk: Buffer): void;
  onEnd(trailers: FlatHeaders): void;
  /** The peer needs no more of what we send: our direction has been ended. */
  onStop(): void;
  /** The peer granted its first credit on a body that started with none. */
  onWanted(): void;
  /** The queue has room again after a `write` that said false. */
  onDrained(): void;
  /** The exchange is over, by the peer or with its wire. The last call. */
  onReset(code: ErrorCode): void;
}

/** A direction begins before its head, passes its body, and is ended. */
export type Direction = 'head' | 'body' | 'ended';

export interface StreamLedger {
  readonly id: number;
  readonly queuedBytes: number;
  readonly sendCreditBytes: number;
  readonly heldBytes: number;
  readonly windowBytes: number;
}

/** One stream as its owner sees it. Methods do nothing once it is over, so that callers need not race its end. */
export interface Stream {
  readonly id: number;
  /** Both directions have ended. */
  readonly isOver: boolean;
  /** @throws TunnelError `head_too_large`: nothing was sent. */
  inform(head: ResponseHead): void;
  /**
   * Sends the final head. With `hasBody` false the direction is ended by it.
   * @throws TunnelError `head_too_large`: nothing was sent, the stream waits for another head or a `reset`.
   */
  respond(head: ResponseHead, hasBody: boolean): void;
  /** Queues body bytes, which must not change any more; false asks the caller to wait for `onDrained`. */
  write(chunk: Buffer): boolean;
  /**
   * Ends our direction once everything queued has left.
   * @throws TunnelError `head_too_large` for trailers that fit no frame: the direction is still open.
   */
  end(trailers?: FlatHeaders): void;
  /** The bytes handed over by `onData` were passed on: returns their credit to the peer. */
  consume(bytes: number): void;
  /** Grants the window of a body that was held back: the origin asked for it. */
  want(): void;
  /** Tells the peer that no more of its body is needed; what still comes is dropped. */
  stop(): void;
  /**
   * Ends both directions at once; the peer learns why. No call to the handler follows. What was received and not
   * consumed counts as consumed, also on a stream that is over already.
   */
  reset(code: ErrorCode): void;
}

/** What a stream asks of its channel. */
export interface StreamCarrier {
  inform(stream: ChannelStream, head: ResponseHead): void;
  respond(stream: ChannelStream, head: ResponseHead, hasBody: boolean): void;
  /** It has bytes to send, or an end to tell. */
  markReady(stream: ChannelStream): void;
  consume(stream: ChannelStream, bytes: number): void;
  grantPending(stream: ChannelStream): void;
  stop(stream: ChannelStream): void;
  reset(stream: ChannelStream, code: ErrorCode): void;
}

/** The same stream as its channel sees it. */
export class ChannelStream implements Stream {
  readonly id: number;
  readonly handler: StreamHandler;
  readonly window: ReceiveWindow;
  readonly credit: SendCredit;
  readonly initialSendBytes: number;
  sending: Direction;
  receiving: Direction;
  informs = 0;
  /** Bytes accepted from our side and not yet on the wire, oldest first. */
  readonly queue: Buffer[] = [];
  queuedBytes = 0;
  /** The END frame, set once `end` was called: sent when the queue is empty. */
  endFrame: Buffer | undefined;
  /** We asked the peer to stop: what it still sends is dropped. */
  hasStopped = false;
  /** The peer granted its first credit on a body that started with none. */
  wasWanted = false;
  private readonly carrier: StreamCarrier;
  private owesDrain = false;

  constructor(
    carrier: StreamCarrier,
    id: number,
    makeHandler: (stream: Stream) => StreamHandler,
    state: { sending: Direction; receiving: Direction; window: ReceiveWindow; sendBytes: number },
  ) {
    this.carrier = carrier;
    this.id = id;
    this.window = state.window;
    this.credit = new SendCredit(state.sendBytes);
    this.initialSendBytes = state.sendBytes;
    this.sending = state.sending;
    this.receiving = state.receiving;
    this.handler = makeHandler(this);
  }

  get isOver(): boolean {
    return this.sending === 'ended' && this.receiving === 'ended';
  }

  inform(head: ResponseHead): void {
    if (this.sending === 'head') this.carrier.inform(this, head);
  }

  respond(head: ResponseHead, hasBody: boolean): void {
    if (this.sending === 'head') this.carrier.respond(this, head, hasBody);
  }

  write(chunk: Buffer): boolean {
    if (this.sending !== 'body' || this.endFrame !== undefined || chunk.length === 0) return true;
    this.queue.push(chunk);
    this.queuedBytes += chunk.length;
    this.carrier.markReady(this);
    if (this.queuedBytes < SEND_QUEUE_BYTES) return true;
    this.owesDrain = true;
    return false;
  }

  end(trailers: FlatHeaders = []): void {
    if (this.sending !== 'body' || this.endFrame !== undefined) return;
    this.endFrame = encodeEnd(this.id, trailers);
    this.carrier.markReady(this);
  }

  consume(bytes: number): void {
    this.carrier.consume(this, bytes);
  }

  want(): void {
    this.carrier.grantPending(this);
  }

  stop(): void {
    if (this.receiving !== 'body' || this.hasStopped) return;
    this.hasStopped = true;
    this.carrier.stop(this);
  }

  reset(code: ErrorCode): void {
    this.carrier.reset(this, code);
  }

  /** The next bytes to send, at most `limit`. */
  takeQueued(limit: number): Buffer {
    const [first = NOTHING] = this.queue;
    const chunk = first.length <= limit ? first : first.subarray(0, limit);
    if (chunk === first) this.queue.shift();
    else this.queue[0] = first.subarray(limit);
    this.queuedBytes -= chunk.length;
    return chunk;
  }

  dropQueue(): void {
    this.queue.length = 0;
    this.queuedBytes = 0;
  }

  /** Tells the owner once that there is room, if it was told to wait. */
  settleDrain(): void {
    if (!this.owesDrain || this.sending !== 'body' || this.queuedBytes > SEND_QUEUE_BYTES / 2) return;
    this.owesDrain = false;
    this.handler.onDrained();
  }

  ledger(): StreamLedger {
    return {
      id: this.id,
      queuedBytes: this.queuedBytes,
      sendCreditBytes: this.credit.bytes,
      heldBytes: this.window.heldBytes,
      windowBytes: this.window.sizeBytes,
    };
  }
}
