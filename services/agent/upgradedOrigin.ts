// A connection to an origin after its 101: raw bytes both ways, each direction ending by itself.

import type { OriginExchange, OriginHandler } from './originDispatcher.ts';
import type { OriginSocket } from './originSocket.ts';

export interface UpgradedOrigin extends Pick<OriginExchange, 'write' | 'pause' | 'resume'> {
  /** Half-closes. */
  end(): void;
}

export interface UpgradedHandler extends Pick<OriginHandler, 'onData' | 'onDrain'> {
  /** The origin half-closed. */
  onEnd(): void;
  /** The connection broke before both directions had ended. */
  onBroken(detail: string): void;
}

/** Takes over a connection that stands and has not been read since its 101, whose first bytes are `first`. */
export function upgradeOrigin(
  { socket, isReset }: OriginSocket,
  first: Buffer,
  isPaused: boolean,
  handler: UpgradedHandler,
): UpgradedOrigin {
  // Put back, they take the same way as all others, pauses included.
  if (first.length > 0) socket.unshift(first);
  if (isPaused) socket.pause();
  socket.on('data', (chunk: Buffer) => {
    handler.onData(chunk);
  });
  socket.on('drain', () => {
    handler.onDrain();
  });
  socket.on('end', () => {
    if (isReset()) socket.destroy();
    else handler.onEnd();
  });
  let detail = 'the connection was closed';
  socket.on('error', (error) => {
    detail = error.message;
  });
  socket.on('close', () => {
    handler.onBroken(detail);
  });
  return {
    write: (chunk) => socket.write(chunk),
    end: () => void socket.end(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}
