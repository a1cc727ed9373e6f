// What some tunnels carry right now, together: counted when somebody asks.

import type { WireLink } from './link.ts';

export interface ChannelLoad {
  readonly streams: number;
  /** Received from the peer, and not taken by whom it is for. */
  readonly receivedBytes: number;
  /** Sent to the peer, which has not told that they arrived. */
  readonly sentBytes: number;
}

export function loadOf(links: Iterable<Pick<WireLink, 'channel'>>): ChannelLoad {
  const load = { streams: 0, receivedBytes: 0, sentBytes: 0 };
  for (const { channel } of links) {
    if (channel === undefined) continue;
    const { heldBytes, aheadBytes } = channel.ledger();
    load.streams += channel.streamCount;
    load.receivedBytes += heldBytes;
    load.sentBytes += aheadBytes;
  }
  return load;
}
