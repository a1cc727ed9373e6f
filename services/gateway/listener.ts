// The gateway's public HTTP: takes connections, reads requests, hands each to the relays or to the gateway's own endpoints.

import { createServer } from 'node:http';
import type { Clock } from '../../machines/clock.ts';
import { systemClock } from '../clock.ts';
import { Edge, type EdgeOptions } from './edge.ts';
import { createForwarding } from './forwarded.ts';
import { FIRST_REQUEST_MS } from './visitorSocket.ts';

export interface ListenerOptions extends Omit<EdgeOptions, 'clock' | 'forwarding'> {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** CIDRs whose X-Forwarded-* lines are believed. */
  readonly trustedProxies: readonly string[];
  /** This gateway's name in Via: a token, and no other gateway's. */
  readonly pseudonym: string;
  /** Trusted proxies tell the external port of a request. */
  readonly isBehindCaddy: boolean;
  readonly clock?: Clock;
  readonly headLimitMs?: number;
}

export interface Listener {
  /** Rejects with the socket's error, EADDRINUSE among them. */
  listen(): Promise<{ readonly port: number }>;
  /** Takes nothing new, lets what runs end within `drainMs`, then breaks the rest off. */
  close(drainMs: number): Promise<void>;
  /** Once closing: resolved when connections that were new have had the time to send their first request. */
  firstRequests(): Promise<void>;
}

/** Request line and headers. Raised: every connection may hold that much before anything is known about it. */
const MAX_REQUEST_HEAD_BYTES = 16 * 1024;

/** A head must be complete this long after its first byte. Raised: slow heads hold connections for longer. */
const HEAD_LIMIT_MS = 10_000;

/** How late an overdue head may be noticed. */
const HEAD_CHECK_MS = 1_000;

/** An idle connection is kept longer than Caddy keeps its own (2 min), so that the proxy closes first and never meets a closed one. */
const KEEP_ALIVE_MS = 150_000;

/** Silence after which the system asks whether the other end is still there: idle WebSockets of visitors who vanished. */
const PROBE_AFTER_MS = 60_000;

/** Connections at once. Raised: more file descriptors and memory for connections that do nothing. */
const MAX_CONNECTIONS = 20_000;

/** Connections the system holds until we take them: a burst is not refused. */
const BACKLOG = 4_096;

/** Read and written at once, and what a slow visitor has waiting in our memory. */
const SOCKET_BUFFER_BYTES = 64 * 1024;

export function createListener(options: ListenerOptions): Listener {
  const { headLimitMs = HEAD_LIMIT_MS, clock = systemClock } = options;
  const forwarding = createForwarding(options);
  const edge = new Edge({ ...options, clock, forwarding });
  const server = createServer({
    maxHeaderSize: MAX_REQUEST_HEAD_BYTES,
    headersTimeout: headLimitMs,
    connectionsCheckingInterval: Math.min(HEAD_CHECK_MS, Math.ceil(headLimitMs / 4)),
    // Bodies take as long as they take.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
    noDelay: true,
    highWaterMark: SOCKET_BUFFER_BYTES,
    insecureHTTPParser: false,
    requireHostHeader: false,
    // A request without a body is never read: no `end` event is waited for.
    optimizeEmptyRequests: true,
    shouldUpgradeCallback: (req) => edge.takesUpgrade(req),
  });
  // Beyond its limit Node drops header lines silently; the head's size is limit enough.
  server.maxHeadersCount = 0;
  server.maxConnections = MAX_CONNECTIONS;
  edge.attach(server);

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port: options.port, host: options.host, backlog: BACKLOG }, () => {
          server.off('error', reject);
          const address = server.address();
          resolve({ port: typeof address === 'object' && address !== null ? address.port : options.port });
        });
      }),
    close: (drainMs) =>
      new Promise((resolve) => {
        edge.drain();
        const cancel = clock.setTimer(drainMs, () => edge.breakOff());
        server.close(() => {
          cancel();
          resolve();
        });
      }),
    firstRequests: () =>
      new Promise((resolve) => {
        if (edge.awaitsFirstRequests) clock.setTimer(FIRST_REQUEST_MS, resolve);
        else resolve();
      }),
  };
}
