// Flow control in bytes: what a receiver has granted, what a sender may still send, and how windows grow.

import { TunnelError } from './errors.ts';
import {
  CHANNEL_WINDOW_BYTES,
  FLOOR_WINDOW_BYTES,
  INITIAL_WINDOW_BYTES,
  MAX_WINDOW_BYTES,
  REPORT_BYTES,
  SPARE_WINDOW_BYTES,
} from './limits.ts';

/** The largest credit a sender may hold; more is a peer that cannot count. */
const MAX_CREDIT_BYTES = 0x7fff_ffff;

/** What windows may hold above their floors, shared by all streams of one direction. */
export class SparePool {
  private free = SPARE_WINDOW_BYTES;

  get freeBytes(): number {
    return this.free;
  }

  /** A new stream's window: whole while the pool lasts, else the floor. */
  takeInitial(): number {
    const extra = INITIAL_WINDOW_BYTES - FLOOR_WINDOW_BYTES;
    if (this.free < extra) return FLOOR_WINDOW_BYTES;
    this.free -= extra;
    return INITIAL_WINDOW_BYTES;
  }

  /** Takes what a window decided elsewhere holds above the floor; the pool may go negative and then grants nothing. */
  takeGiven(windowBytes: number): void {
    this.free -= Math.max(0, windowBytes - FLOOR_WINDOW_BYTES);
  }

  /** True when `bytes` could be taken; half of the pool stays for streams yet to come. */
  takeGrowth(bytes: number): boolean {
    if (this.free - bytes < SPARE_WINDOW_BYTES / 2) return false;
    this.free -= bytes;
    return true;
  }

  release(windowBytes: number): void {
    this.free += Math.max(0, windowBytes - FLOOR_WINDOW_BYTES);
  }
}

/** What we have granted on one stream and what of it still waits to be consumed. */
export class ReceiveWindow {
  /** Credit the peer holds. */
  private granted: number;
  /** Received and not yet consumed. */
  private held = 0;
  /** Consumed and not yet granted again. */
  private pending: number;
  private size: number;
  private readonly pool: SparePool;
  /** The consumer kept up since the last growth: nothing was held when more came. */
  private keptUp = true;
  private consumedSinceGrowth = 0;

  constructor(initialBytes: number, pool: SparePool) {
    this.granted = initialBytes;
    this.size = Math.max(initialBytes, FLOOR_WINDOW_BYTES);
    this.pending = this.size - initialBytes;
    this.pool = pool;
  }

  get heldBytes(): number {
    return this.held;
  }

  get sizeBytes(): number {
    return this.size;
  }

  /** @throws TunnelError `credit_overdrawn` when the peer sent more than it was granted. */
  receive(bytes: number): void {
    if (bytes > this.granted) throw new TunnelError('credit_overdrawn', `${bytes} of ${this.granted} bytes`);
    if (this.held > 0) this.keptUp = false;
    this.granted -= bytes;
    this.held += bytes;
  }

  /** Counts bytes as consumed; the credit to send now, 0 while it is not worth a frame. */
  consume(bytes: number): number {
    this.held -= bytes;
    this.pending += bytes;
    this.consumedSinceGrowth += bytes;
    if (this.pending < this.size / 2) return 0;
    return this.grantPending() + this.grow();
  }

  /** All credit that is due, however little: the first credit of a body that was held back. */
  grantPending(): number {
    const bytes = this.pending;
    this.pending = 0;
    this.granted += bytes;
    return bytes;
  }

  /** Counts bytes of an ended direction as consumed: nothing is granted any more, nothing grows. */
  settle(bytes: number): void {
    this.held -= bytes;
  }

  /** Gives the window back to the pool: once, when nothing is held any more. */
  release(): void {
    this.pool.release(this.size);
  }

  /** A window doubles when a whole one was consumed without ever making its sender wait for us. */
  private grow(): number {
    if (this.consumedSinceGrowth < this.size) return 0;
    const earned = this.keptUp;
    this.consumedSinceGrowth = 0;
    this.keptUp = true;
    const more = this.size;
    if (!earned || this.size + more > MAX_WINDOW_BYTES || !this.pool.takeGrowth(more)) return 0;
    this.size += more;
    this.granted += more;
    return more;
  }
}

/** The same for the whole channel: a hard bound on memory, and the arrival count that paces the sender. */
export class ChannelWindow {
  private granted = CHANNEL_WINDOW_BYTES;
  private held = 0;
  private pending = 0;
  private arrived = 0;
  private reportedArrived = 0;

  get heldBytes(): number {
    return this.held;
  }

  get arrivedBytes(): number {
    return this.arrived;
  }

  /** @throws TunnelError `credit_overdrawn`. */
  receive(bytes: number): void {
    if (bytes > this.granted)
      throw new TunnelError('credit_overdrawn', `${bytes} of the channel's ${this.granted} bytes`);
    this.granted -= bytes;
    this.held += bytes;
    this.arrived += bytes;
  }

  consume(bytes: number): void {
    this.held -= bytes;
    this.pending += bytes;
  }

  /** The credit to report, or undefined while a report is not worth a frame. */
  takeReport(): number | undefined {
    if (this.arrived - this.reportedArrived < REPORT_BYTES && this.pending < REPORT_BYTES) return undefined;
    const bytes = this.pending;
    this.pending = 0;
    this.granted += bytes;
    this.reportedArrived = this.arrived;
    return bytes;
  }
}

/** What the peer has granted us and we have not spent. */
export class SendCredit {
  private left: number;

  constructor(initialBytes: number) {
    this.left = initialBytes;
  }

  get bytes(): number {
    return this.left;
  }

  spend(bytes: number): void {
    this.left -= bytes;
  }

  /** @throws TunnelError `protocol_error` when the sum is beyond anything a peer may grant. */
  add(bytes: number): void {
    this.left += bytes;
    if (this.left > MAX_CREDIT_BYTES) throw new TunnelError('protocol_error', 'credit overflows');
  }
}
