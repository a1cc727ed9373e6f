// Asks whether port 80 of the gateway's public address is open: certificate authorities come there first.

import { connect } from 'node:net';

/** Raised: a firewall that is silent keeps others waiting; it is not taken for closed. */
const CONNECT_MS = 2_000;

const HTTP_PORT = 80;

/** The first of the addresses that refuses; null: none does, or it cannot be told from here, as behind some routers. */
export type FindClosedPort = (addresses: readonly string[], signal: AbortSignal) => Promise<string | null>;

export const findClosedPort: FindClosedPort = async (addresses, signal) => {
  const refusals = await Promise.all(addresses.map((address) => isRefused(address, signal)));
  return addresses.find((_, at) => refusals[at] === true) ?? null;
};

function isRefused(host: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: HTTP_PORT, signal });
    const leave = (refused: boolean) => {
      socket.destroy();
      resolve(refused);
    };
    socket.setTimeout(CONNECT_MS, () => leave(false));
    socket.on('connect', () => leave(false));
    socket.on('error', (error) => leave('code' in error && error.code === 'ECONNREFUSED'));
  });
}
