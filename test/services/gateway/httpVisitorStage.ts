// A visitor who has asked at the gateway's public edge, as the tests of visitors need one.

import { onTestFinished } from 'vitest';
import { openEdge } from '../../support/publicEdge.ts';

export const GET = 'GET / HTTP/1.1';
export const POST_FIVE = 'POST / HTTP/1.1\r\nContent-Length: 5';
export const ok = (...headers: string[]) => ({ status: 200, reason: 'OK', headers });
export const again = 'GET /again HTTP/1.1\r\nHost: a.localhost\r\n\r\n';

/** Sends one request and gives both ends of it. The edge is closed when the test is over. */
export async function start(head: string, body = '') {
  const edge = await openEdge();
  onTestFinished(() => edge.close());
  const client = await edge.connect();
  client.send(`${head}\r\nHost: a.localhost\r\n\r\n${body}`);
  const relayed = await edge.request();
  return { edge, client, relayed, visitor: relayed.visitor };
}
