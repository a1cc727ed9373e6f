// A listener at the gateway's public edge and the bytes that ask it, as the tests of the listener need them.

import { onTestFinished } from 'vitest';
import { openEdge, type PublicEdge, type Relayed } from '../../support/publicEdge.ts';
import type { ListenerOptions } from '../../../services/gateway/listener.ts';

export const CHUNKED = 'Transfer-Encoding: chunked';
export const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a.localhost\r\n\r\n';

export const get = (...lines: string[]) =>
  ['GET / HTTP/1.1', 'Host: a.localhost', ...lines].join('\r\n') + '\r\n\r\n';
export const post = (body: string, ...lines: string[]) =>
  ['POST / HTTP/1.1', 'Host: a.localhost', ...lines].join('\r\n') + '\r\n\r\n' + body;

/** Every request that reaches the relays is answered. */
export function openReplying(options: Partial<ListenerOptions> = {}): Promise<PublicEdge> {
  return openStaged((relayed) => relayed.reply('relayed'), options);
}

/** `act` is what the relay does with each request. The edge is closed when the test is over. */
export async function openStaged(
  act: (relayed: Relayed) => void = () => {},
  options: Partial<ListenerOptions> = {},
): Promise<PublicEdge> {
  const edge = await openEdge(act, options);
  onTestFinished(() => edge.close());
  return edge;
}
