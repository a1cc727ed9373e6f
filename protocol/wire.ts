// The port under a channel: one WebSocket, seen as "send bytes, receive bytes, close".

import type { ErrorCode } from './errors.ts';

export interface Wire {
  /** Sends one binary message. Its bytes belong to the wire until it calls `onTaken`, never from inside this call. */
  sendBinary(message: Buffer, onTaken: () => void): void;
  /** Sends one text message. */
  sendText(message: string): void;
  /** Bytes handed over and not yet taken by the network. */
  bufferedBytes(): number;
  /** Bytes received so far, those of messages that are not whole yet included: any of them proves that the peer lives. */
  receivedBytes(): number;
  /** Says why and closes; `onClosed` still follows. A second call does nothing. */
  close(code: ErrorCode, detail?: string): void;
  /** Drops the wire without a word, for a peer that is presumed dead. */
  terminate(): void;
}

/** What a wire tells its owner. It never calls back from inside one of the calls above. */
export interface WireHandler {
  onBinary(message: Buffer): void;
  onText(message: string): void;
  /** `bufferedBytes` has fallen below the socket's own high-water mark. */
  onDrained(): void;
  /** The last call. `code` is what the peer or we said, `wire_closed` when nothing was said. */
  onClosed(code: ErrorCode, detail: string): void;
}

/** Runs `flush` once, after everything that is happening now: the end-of-tick write. */
export type ScheduleFlush = (flush: () => void) => void;
