// A connection to an origin that keeps listening when the origin has stopped listening to us.

import type { Socket } from 'node:net';

/** What a failed write says when the peer has reset the connection. */
const PEER_GONE = new Set(['EPIPE', 'ECONNRESET']);

export interface OriginSocket {
  readonly socket: Socket;
  /** The origin has reset the connection: what we write is lost, and an end without framing proves nothing. */
  readonly isReset: () => boolean;
}

const known = new WeakMap<Socket, OriginSocket>();

/**
 * An origin may answer early and close while we still upload. The reset that our bytes then provoke makes the next write
 * fail, and Node would drop the connection with the answer still unread in it. So such a write counts as taken: reading
 * goes on, and finds either the whole answer or the reset.
 */
export function adoptOriginSocket(socket: Socket): OriginSocket {
  const adopted = known.get(socket) ?? patient(socket);
  known.set(socket, adopted);
  return adopted;
}

function patient(socket: Socket): OriginSocket {
  let isReset = false;
  type Done = (error?: Error | null) => void;
  const settled =
    (done: Done): Done =>
    (error) => {
      // With nothing left to read, nothing but this write would ever tell.
      if (!isGone(error) || socket.readableEnded) {
        done(error);
        return;
      }
      isReset = true;
      done();
    };

  const write = socket._write.bind(socket);
  socket._write = (chunk, encoding, done) => {
    if (isReset) done();
    else write(chunk, encoding, settled(done));
  };
  const writev = socket._writev?.bind(socket);
  if (writev !== undefined) {
    socket._writev = (chunks, done) => {
      if (isReset) done();
      else writev(chunks, settled(done));
    };
  }

  // Node writes a head without naming its encoding when nothing follows it: obs-text needs latin1.
  socket.setDefaultEncoding('latin1');
  // Between two owners Node leaves a connection without a listener; its `close` says enough.
  socket.on('error', () => {});
  return { socket, isReset: () => isReset };
}

function isGone(error: Error | null | undefined): boolean {
  return error instanceof Error && 'code' in error && PEER_GONE.has(String(error.code));
}
