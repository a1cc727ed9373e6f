// The effects a machine may have on one wire, and the events the wire's owner sends back.

import type { ControlMessage, ControlType, ControlOf } from '../protocol/control.ts';
import type { ErrorCode } from '../protocol/errors.ts';

export interface Link {
  send(message: ControlMessage): void;
  /** Tells the peer why and closes. `link.closed` follows. */
  close(code: ErrorCode, detail: string): void;
  /** Drops the wire without waiting for a peer that is presumed dead. `link.closed` follows. */
  terminate(code: ErrorCode): void;
  /** Bytes received so far: any change proves that the peer lives. */
  receivedBytes(): number;
  /** Our monotonic clock, for round trips. */
  nowMs(): number;
  /** Streams may flow from now on; binary messages before this break the protocol. */
  serve(): void;
  /** Tells the peer that we leave: it is not to open streams any more. */
  drain(reason: ErrorCode, retryAfterMs: number): void;
  /** Opens no streams any more (the gateway's side); `link.idle` follows once none is left. */
  finish(): void;
}

/** A parsed control message as an event. */
export type ControlEvent = {
  [T in ControlType]: { type: `control.${T}`; message: ControlOf<T> };
}[ControlType];

export type LinkEvent =
  | ControlEvent
  /** The wire is up and the peer speaks our version. */
  | { type: 'link.opened' }
  /** The peer broke a rule: the machine decides to close with this code. */
  | { type: 'link.broken'; code: ErrorCode; detail: string }
  /** The wire is gone. Nothing follows. */
  | { type: 'link.closed'; code: ErrorCode; detail: string }
  /** Draining, and no stream is left. */
  | { type: 'link.idle' };

export function controlEvent(message: ControlMessage): ControlEvent {
  // Each message type has its event of the same name: the union on both sides is built from one table.
  return { type: `control.${message.type}`, message } as ControlEvent;
}
