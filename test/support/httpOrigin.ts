// The start and the end of a node:http server that is an origin in a test.

import { once } from 'node:events';
import type { Server } from 'node:http';

/** Listens on loopback; answers the port. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** Ends it with every connection it has. Before its tunnel, which would wait for what a failed test left open. */
export async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
