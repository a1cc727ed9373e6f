// The connections to origins: kept for the next request, never shared between names that were verified differently.

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { OriginTarget } from './originDispatcher.ts';

/**
 * An idle connection is closed after this long, sooner if the origin's Keep-Alive says so. Many servers close theirs
 * after 5 s: raised above that, requests meet connections that are just being closed.
 */
const IDLE_SOCKET_MS = 4_000;

/** Idle connections to one origin. Raised: after a burst we hold that many of the origin's slots for nothing. */
const MAX_IDLE_SOCKETS = 64;

export interface OriginPool {
  /**
   * An agent for the target. A fresh one opens a new connection and closes it afterwards: kept, the connections of
   * requests that may not be repeated would pile up, as none of them ever takes one from the pool.
   */
  agentFor(target: OriginTarget, isFresh: boolean): HttpAgent;
  /** Has `close` end this connection too: an upgraded one no longer belongs to its agent. */
  track(socket: Socket): void;
  /** Ends every connection, in use or not. */
  close(): void;
}

export function createOriginPool(): OriginPool {
  const agents = new Map<string, HttpAgent>();
  const sockets = new Set<Socket>();
  return {
    agentFor(target, isFresh) {
      const key = keyOf(target, isFresh);
      const known = agents.get(key);
      if (known !== undefined) return known;
      for (const [name, agent] of agents) if (isUnused(agent)) agents.delete(name);
      const agent = createAgent(target, isFresh);
      agents.set(key, agent);
      return agent;
    },
    track(socket) {
      if (sockets.has(socket)) return;
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** An agent tells hosts and ports apart by itself; a verified name belongs to the agent (it also keeps TLS sessions). */
function keyOf(target: OriginTarget, isFresh: boolean): string {
  const { protocol, allowInvalidCertificates, serverName } = target;
  if (protocol === 'http') return `http ${isFresh}`;
  return `https ${isFresh} ${allowInvalidCertificates} ${serverName}`;
}

function createAgent(target: OriginTarget, isFresh: boolean): HttpAgent {
  const keeping = isFresh
    ? { keepAlive: false }
    : { keepAlive: true, timeout: IDLE_SOCKET_MS, maxFreeSockets: MAX_IDLE_SOCKETS };
  if (target.protocol === 'http') return new HttpAgent(keeping);
  const { serverName, allowInvalidCertificates } = target;
  return new HttpsAgent({
    ...keeping,
    rejectUnauthorized: !allowInvalidCertificates,
    // An address is no server name (RFC 6066 §3), but a certificate may be for one: so the name is checked here.
    checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
  });
}

function isUnused(agent: HttpAgent): boolean {
  return Object.keys(agent.sockets).length === 0 && Object.keys(agent.freeSockets).length === 0;
}
