// Bodies whose every byte depends on the request, the direction and the position, so that a byte out of place is seen.

import { SeededRandom } from './seededRandom.ts';

export type Flow = 'up' | 'down';

/** A prime: no power of two that code might slip by is a period. */
const PERIOD_BYTES = 65_521;

/** The largest slice handed out at once. */
const MAX_SLICE_BYTES = 128 * 1024;

const bytes = new SeededRandom(0x0c70).bytes(PERIOD_BYTES);
const pattern = Buffer.alloc(PERIOD_BYTES + MAX_SLICE_BYTES, bytes);

/** The body's bytes from `position` on: never written to, so that slices can be shared. */
export function payload(requestId: string, flow: Flow, position: number, length: number): Buffer {
  const start = (startOf(requestId, flow) + position) % PERIOD_BYTES;
  return pattern.subarray(start, start + Math.min(length, MAX_SLICE_BYTES));
}

/** True when `chunk` is exactly what the body holds at `position`. */
export function isPayload(requestId: string, flow: Flow, position: number, chunk: Buffer): boolean {
  for (let offset = 0; offset < chunk.length; offset += MAX_SLICE_BYTES) {
    const part = chunk.subarray(offset, offset + MAX_SLICE_BYTES);
    if (!part.equals(payload(requestId, flow, position + offset, part.length))) return false;
  }
  return true;
}

function startOf(requestId: string, flow: Flow): number {
  let hash = flow === 'up' ? 17 : 7919;
  for (let n = 0; n < requestId.length; n += 1)
    hash = (Math.imul(hash, 31) + requestId.charCodeAt(n) * 2_657) | 0;
  return (hash >>> 0) % PERIOD_BYTES;
}
