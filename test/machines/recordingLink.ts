// Owns a link without a wire: it writes down what the machine does to it.

import type { Link } from '../../machines/link.ts';
import type { ControlMessage } from '../../protocol/control.ts';
import type { ErrorCode } from '../../protocol/errors.ts';

export type LinkCall =
  | { do: 'send'; message: ControlMessage }
  | { do: 'close'; code: ErrorCode; detail: string }
  | { do: 'terminate'; code: ErrorCode }
  | { do: 'serve' }
  | { do: 'drain'; reason: ErrorCode; retryAfterMs: number }
  | { do: 'finish' };

export class RecordingLink implements Link {
  private readonly clockMs: () => number;
  private written: LinkCall[] = [];
  /** Raise it as a received byte would. */
  received = 0;

  constructor(clockMs: () => number = () => 0) {
    this.clockMs = clockMs;
  }

  /** What was done since the last call, in order. */
  calls(): LinkCall[] {
    const { written } = this;
    this.written = [];
    return written;
  }

  /** The messages among what was done since the last call. */
  sent(): ControlMessage[] {
    return this.calls().flatMap((call) => (call.do === 'send' ? [call.message] : []));
  }

  send(message: ControlMessage): void {
    this.written.push({ do: 'send', message });
  }

  close(code: ErrorCode, detail: string): void {
    this.written.push({ do: 'close', code, detail });
  }

  terminate(code: ErrorCode): void {
    this.written.push({ do: 'terminate', code });
  }

  serve(): void {
    this.written.push({ do: 'serve' });
  }

  drain(reason: ErrorCode, retryAfterMs: number): void {
    this.written.push({ do: 'drain', reason, retryAfterMs });
  }

  finish(): void {
    this.written.push({ do: 'finish' });
  }

  receivedBytes(): number {
    return this.received;
  }

  nowMs(): number {
    return this.clockMs();
  }
}
