// Owns what `octoporty up` does about a port that is taken: it tries those after it, and says so.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { isPortTaken } from '../ports.ts';

/** Ports tried after a taken one. Raised: a strange machine makes us knock at more doors. */
const MAX_PORT_TRIES = 50;

/** Tries the wanted port and those after it, and says so when it was not the first. */
export async function onFreePort<Part>(
  what: string,
  wanted: number,
  print: (text: string) => void,
  start: (port: number) => Promise<Part>,
): Promise<Part> {
  for (let port = wanted; ; port += 1) {
    try {
      const part = await start(port);
      if (port !== wanted) print(`Port ${wanted} is taken: the ${what} is on port ${port}.\n`);
      return part;
    } catch (error) {
      if (!isPortTaken(error) || port >= Math.min(wanted + MAX_PORT_TRIES, 65_535)) throw error;
    }
  }
}

/** The port, or any free one for 0. Rejects with EADDRINUSE when somebody listens there on loopback. */
export async function unusedPort(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The system told no port.');
  return address.port;
}
