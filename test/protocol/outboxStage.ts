// Streams whose bytes are about to leave, and what is seen of the frames that did.

import { POST, type Frame } from './frames.ts';
import type { LoneChannel } from './wirePair.ts';

export const sizes = (frames: Frame[]) =>
  frames.map((frame) => (frame.type === 'data' ? frame.payload.length : frame.type));
export const ids = (frames: Frame[]) =>
  frames.map((frame) => (frame.type === 'channelCredit' ? 0 : frame.id));
export const dataBytes = (frames: Frame[]) =>
  frames.reduce((sum, frame) => sum + (frame.type === 'data' ? frame.payload.length : 0), 0);

/** Streams with bodies, their heads already gone. */
export function openStreams(gateway: LoneChannel, count: number) {
  const streams = Array.from({ length: count }, () => gateway.open(POST).stream);
  gateway.drain();
  gateway.wire.messages.length = 0;
  gateway.tick();
  return streams;
}
