// The gateway from start to stop: parts are made in order, and let go in reverse.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { GatewayConfig } from '../config.ts';
import type { Log } from '../log.ts';
import { describeError } from '../../protocol/errors.ts';
import { SUBPROTOCOL } from '../../protocol/control.ts';
import { MAX_CONTROL_BYTES, MAX_TEXT_MESSAGE_BYTES } from '../../protocol/limits.ts';
import { createActors } from '../actors.ts';
import { createBus } from '../bus.ts';
import { systemClock } from '../clock.ts';
import { randomText } from '../../machines/random.ts';
import { systemRandom } from '../random.ts';
import { createTokens } from '../tokens.ts';
import { VERSION } from '../version.ts';
import { WIRE_OPTIONS, wireOf } from '../wire.ts';
import { createGatewayApi } from './api.ts';
import { createCaddyClient } from './caddyClient.ts';
import { CertificateBook } from './certificateBook.ts';
import { startCertificateWatch } from './certificateWatch.ts';
import { Directory } from './directory.ts';
import { createGatewayMetrics } from './gatewayMetrics.ts';
import { createListener } from './listener.ts';
import { createNameCheck } from './nameCheck.ts';
import { createRelays } from './relays.ts';
import { RECONCILER_ID, startReconciler, type Reconciler } from './reconciler.ts';
import { parseHost } from '../requestRules.ts';
import { RouteBook } from './routeBook.ts';
import { createTunnels } from './tunnels.ts';

export interface RunningGateway {
  readonly url: string;
  readonly port: number;
  /** Drains and ends; everything is closed when it resolves. */
  stop(): Promise<void>;
}

/** Starts a gateway. Rejects with the listener's error, EADDRINUSE among them. */
export async function startGateway({
  config,
  log,
}: {
  config: GatewayConfig;
  log: Log;
}): Promise<RunningGateway> {
  const clock = systemClock;
  const startedMs = clock.nowMs();
  const bus = createBus((error, fact) => {
    log.error({ error, fact: fact.type }, 'A subscriber failed; the fact is lost to it alone.');
  });
  const actors = createActors(clock, (actor, error) => {
    log.error({ error, actor }, 'An actor failed and was ended.');
  });
  const directory = new Directory({
    gatewayHost: config.gatewayHost,
    offeredPorts: config.caddy?.externalPorts ?? null,
    leaseMs: config.routeLeaseMs,
    nowMs: () => clock.nowMs(),
  });
  const certificates = new CertificateBook();
  const routeBook = config.caddy === null ? null : new RouteBook(certificates);
  const tunnels = createTunnels({
    actors,
    bus,
    clock,
    directory,
    random: systemRandom,
    tokens: createTokens(config.authSecrets, (error) => {
      log.error({ error }, 'A token could not be handled.');
    }),
    schedule: setImmediate,
    version: VERSION,
    gatewayHost: config.gatewayHost,
    lifetimeMs: config.sessionLifetimeMs,
    renewAfterMs: config.sessionRenewMs,
    drainMs: config.drainMs,
    routeBook,
    commonActors: () => actors.family(RECONCILER_ID),
  });
  const relays = createRelays({ tunnels, clock, bus, headTimeoutMs: config.headTimeoutMs });
  let reconciler: Reconciler | null = null;
  let stopCertificates: (() => Promise<void>) | null = null;
  const api = createGatewayApi({
    version: VERSION,
    log,
    uptimeSeconds: () => Math.floor((clock.nowMs() - startedMs) / 1000),
    counts: () => directory.counts(),
    statusToken: config.statusToken,
    actors,
    sessions: () => tunnels.list(),
    relays: () => relays.list(),
    caddy: () => reconciler?.status ?? null,
    metrics:
      config.statusToken === null
        ? null
        : createGatewayMetrics({
            bus,
            version: VERSION,
            counts: () => directory.counts(),
            sessions: () => tunnels.list(),
            load: () => tunnels.load(),
            relays: () => relays.count,
            caddy:
              routeBook === null
                ? null
                : {
                    book: routeBook,
                    gatewayHost: config.gatewayHost,
                    status: () => reconciler?.status ?? null,
                  },
          }),
  });
  const upgrades = new WebSocketServer({
    ...WIRE_OPTIONS,
    noServer: true,
    maxPayload: MAX_TEXT_MESSAGE_BYTES,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  const listener = createListener({
    host: config.listenHost,
    port: config.listenPort,
    serve: (visitor) => relays.serve(visitor),
    own: (request, response) => void api(request, response),
    upgradeOwn: acceptWire,
    isOwned: (host) => directory.isOwned(host),
    isBehindCaddy: config.caddy !== null,
    trustedProxies: config.trustedProxies,
    pseudonym: `octoporty-${randomText(systemRandom, 6)}`,
    log,
  });

  function acceptWire(request: IncomingMessage, socket: Socket, head: Buffer, address: string): void {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(SUBPROTOCOL)) {
      refuseUpgrade(
        socket,
        `426 Upgrade Required`,
        `This gateway speaks ${SUBPROTOCOL}: bring both sides to the same release.`,
      );
      return;
    }
    const dialled = parseHost(request.headers.host ?? '') ?? '';
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      tunnels.accept(
        { address, dialled },
        (handler) => wireOf(webSocket, handler, socket),
        boundStranger(socket),
      );
    });
  }

  bus.on('tunnel.changed', ({ type: _, ...fact }) => {
    log.info(fact, fact.state === 'online' ? 'A tunnel is online.' : 'A tunnel has ended.');
  });
  bus.on('tunnel.refused', ({ address, code }) => {
    log.warn({ address, code }, `An agent was refused. ${describeError(code).says}`);
  });

  const { port } = await listener.listen();
  log.info({ host: config.listenHost, port, version: VERSION }, 'The gateway listens.');
  // Then Caddy: its routes lead to the port that listens.
  if (config.caddy !== null && routeBook !== null) {
    const { host: caddyHost, dnsServers: servers, logFile } = config.caddy;
    reconciler = startReconciler({
      actors,
      bus,
      clock,
      log,
      book: routeBook,
      caddy: createCaddyClient(config.caddy.adminUrl),
      gatewayHost: config.gatewayHost,
      upstream: config.caddy.upstream ?? `localhost:${port}`,
      portMap: config.caddy.portMap,
      desiredRoutes: () => directory.desiredRoutes(),
      adopt: (routes) => directory.adopt(routes),
      onMoved: () => tunnels.noteCommonMove(),
    });
    const names = createNameCheck({ clock, servers, gatewayHost: config.gatewayHost });
    stopCertificates = startCertificateWatch({
      actors,
      bus,
      clock,
      log,
      book: routeBook,
      certificates,
      names,
      gatewayHost: config.gatewayHost,
      caddyHost,
      logFile,
    });
  } else {
    // Nobody has routes of before.
    directory.adopt([]);
  }
  tunnels.onChange(() => reconciler?.noteDesired());
  return {
    url: `http://localhost:${port}`,
    port,
    async stop() {
      // The routes stay: Caddy keeps visitors waiting for a gateway that is back soon, and agents dial through it.
      reconciler?.stop();
      const certificatesStopped = stopCertificates?.();
      // Visitors first: nobody new comes in while the tunnels still carry what runs.
      const closed = listener.close(config.drainMs);
      await listener.firstRequests();
      await new Promise<void>((resolve) => {
        tunnels.drain(resolve);
      });
      relays.endAll('draining');
      await closed;
      await certificatesStopped;
      upgrades.close();
      log.info({}, 'The gateway has stopped.');
    },
  };
}

/**
 * Until it has proven the secret, whoever dials may send what a handshake takes and no more: a message is only checked
 * once it is whole, and 256 pending wires with one unfinished message each would hold gigabytes.
 */
function boundStranger(socket: Socket): () => void {
  const allowed = socket.bytesRead + MAX_CONTROL_BYTES;
  const check = () => {
    if (socket.bytesRead > allowed) socket.destroy();
  };
  socket.on('data', check);
  return () => socket.off('data', check);
}

function refuseUpgrade(socket: Duplex, status: string, reason: string): void {
  const body = `${reason}\n`;
  const head = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  // Whoever is refused may never close: an upgraded connection has no other end.
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
