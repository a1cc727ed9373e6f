// Bodies of any length that need no memory, and the digest each one has.

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

const CHUNK_BYTES = 256 * 1024;

/** The same bytes for the same length; each part differs from the one before. */
export function bytesOf(length: number): Readable {
  return Readable.from(chunksOf(length), { objectMode: false });
}

export function digestOf(length: number): string {
  const hash = createHash('sha256');
  for (const chunk of chunksOf(length)) hash.update(chunk);
  return hash.digest('hex');
}

function* chunksOf(length: number): Generator<Buffer> {
  for (let at = 0; at < length; at += CHUNK_BYTES) {
    yield Buffer.alloc(Math.min(CHUNK_BYTES, length - at), `bytes from ${at} on `);
  }
}
