// The real wire: a WebSocket of the ws library behind the Wire port.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { closeCodeOf, errorOfCloseCode, type ErrorCode } from '../protocol/errors.ts';
import type { Wire, WireHandler } from '../protocol/wire.ts';

/** How long a closing handshake may take before the socket is dropped. */
const CLOSE_TIMEOUT_MS = 2_000;

/** A close reason is at most 123 bytes (RFC 6455 §5.5). */
const MAX_REASON_CHARACTERS = 100;

/** ws options that both ends share: no compression (bytes are often compressed already), bounded messages. */
export const WIRE_OPTIONS = {
  perMessageDeflate: false,
  skipUTF8Validation: false,
  closeTimeout: CLOSE_TIMEOUT_MS,
} as const;

/** A connection below a WebSocket, as far as liveness asks for it. */
type Carrier = Pick<Socket, 'bytesRead'>;

/**
 * Wraps a socket that is open or opening. Every callback of ws comes from its own event, so `handler` is never called
 * from inside a call to the wire. `carrier` is the connection below a socket that is open: one that is opening tells
 * its own.
 */
export function wireOf(socket: WebSocket, handler: WireHandler, carrier?: Carrier): Wire {
  let receivedBytes = carrier === undefined ? undefined : counterOf(carrier);
  let payloadBytes = 0;
  let ending: { code: ErrorCode; detail: string } | undefined;
  let failure = '';

  socket.binaryType = 'nodebuffer';
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    payloadBytes += data.length;
    if (isBinary) handler.onBinary(data);
    else handler.onText(data.toString('utf8'));
  });
  socket.once('upgrade', ({ socket: below }) => {
    receivedBytes = counterOf(below);
  });
  // Without a listener a peer that cuts in mid frame would end the process; `close` follows and tells the owner.
  socket.on('error', (error) => {
    failure = error.message;
  });
  socket.on('close', (closeCode: number, reason: Buffer) => {
    const { code, detail } = ending ?? {
      code: errorOfCloseCode(closeCode),
      detail: failure || reason.toString('utf8'),
    };
    handler.onClosed(code, detail);
  });

  return {
    sendBinary(message, onTaken) {
      socket.send(message, { binary: true }, () => {
        onTaken();
        handler.onDrained();
      });
    },
    sendText(message) {
      socket.send(message, ignoreFailure);
    },
    bufferedBytes: () => socket.bufferedAmount,
    receivedBytes: () => receivedBytes?.() ?? payloadBytes,
    close(code, detail) {
      ending ??= { code, detail: detail ?? '' };
      socket.close(closeCodeOf(code), code.slice(0, MAX_REASON_CHARACTERS));
    },
    terminate() {
      socket.terminate();
    },
  };
}

/** A message on a slow link takes seconds to come whole: its first bytes prove already that the peer lives. */
function counterOf(carrier: Carrier): () => number {
  const before = carrier.bytesRead;
  return () => carrier.bytesRead - before;
}

/** A send that fails belongs to a socket that is closing: its `close` event tells the owner. */
function ignoreFailure(): void {}
