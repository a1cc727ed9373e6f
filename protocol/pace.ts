// How much DATA may be under way to the peer: about half a second at the rate it has shown, never less than a floor.

import { AHEAD_MS, MIN_AHEAD_BYTES } from './limits.ts';

/** Rates are taken over at least this long: shorter samples measure our own batching. */
const SAMPLE_MS = 50;

/** What a rate keeps when a slower sample comes: it falls to half in about three samples. */
const DECAY = 0.8;

/**
 * Keeps the sender a bounded time ahead of what the peer reports as arrived, so that control messages and small
 * answers never queue behind more than that (kernel buffers alone would hold seconds of a slow link).
 */
export class Pace {
  private sent = 0;
  private arrived = 0;
  private bytesPerMs = 0;
  private sampleStartMs = 0;
  private sampleStartBytes = 0;

  get aheadBytes(): number {
    return this.sent - this.arrived;
  }

  get allowanceBytes(): number {
    return Math.max(MIN_AHEAD_BYTES, Math.floor(this.bytesPerMs * AHEAD_MS)) - this.aheadBytes;
  }

  onSent(bytes: number, nowMs: number): void {
    if (this.aheadBytes === 0) this.startSample(nowMs);
    this.sent += bytes;
  }

  /** `arrivedModulo` is the peer's count of received bytes modulo 2^32; false when it claims more than was sent. */
  onReport(arrivedModulo: number, nowMs: number): boolean {
    const news = (arrivedModulo - this.arrived) >>> 0;
    if (news > this.aheadBytes) return false;
    this.arrived += news;
    const elapsedMs = nowMs - this.sampleStartMs;
    if (elapsedMs >= SAMPLE_MS) {
      const rate = (this.arrived - this.sampleStartBytes) / elapsedMs;
      this.bytesPerMs = Math.max(rate, this.bytesPerMs * DECAY);
      this.startSample(nowMs);
    }
    return true;
  }

  private startSample(nowMs: number): void {
    this.sampleStartMs = nowMs;
    this.sampleStartBytes = this.arrived;
  }
}
