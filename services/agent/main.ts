// The agent from start to stop: parts are made in order, and let go in reverse.

import { fileURLToPath } from 'node:url';
import { distinctUntilChanged, filter, first, map, Subject, take } from 'rxjs';
import type { AgentConfig } from '../config.ts';
import type { Log } from '../log.ts';
import type { Entrance } from '../../protocol/api/entrance.ts';
import type { PageStatus } from './api/statusPage.ts';
import { publicAddressOf } from '../../protocol/api/entrance.ts';
import { describeError } from '../../protocol/errors.ts';
import { createActors } from '../actors.ts';
import { createBus } from '../bus.ts';
import { systemClock } from '../clock.ts';
import { systemRandom } from '../random.ts';
import { createTokens } from '../tokens.ts';
import { VERSION } from '../version.ts';
import { takeAgentFolder } from './agentFolder.ts';
import { createAgentMetrics } from './agentMetrics.ts';
import { createAgentApi, type AgentApi } from './api/agentApi.ts';
import { loadDashboard } from './api/dashboard.ts';
import { openAgentServer } from './api/server.ts';
import { createBootEpoch } from './bootEpoch.ts';
import { startAgentDatabase } from './database.ts';
import { createDialer } from './dialer.ts';
import { createForwarder } from './forwarder.ts';
import { createHttpOrigin } from './httpOrigin.ts';
import { createMappingEdits } from './mappingEdits.ts';
import { configOf, createMappings, type Mappings } from './mappings.ts';
import { logRefusals } from './refusals.ts';
import { createRequestLog } from './requestLog.ts';
import { createRequestTally } from './requestTally.ts';
import { createRouteStates } from './routeStates.ts';
import { createStore } from './store/createStore.ts';
import { createTallyFeed } from './tallyFeed.ts';
import { createTargetTest } from './targetTest.ts';
import { logTunnel } from './tunnelLog.ts';
import { createUplink, isOnlineState, type Uplink } from './uplink.ts';

export interface RunningAgent {
  readonly uiUrl: string;
  readonly uiPort: number;
  /** Resolved when the tunnel is online for the first time; never when the agent ends before. */
  readonly online: Promise<void>;
  /** Domains of the enabled mappings. */
  publicNames(): string[];
  /** Drains and ends; everything is closed when it resolves. */
  stop(): Promise<void>;
}

export interface AgentOptions {
  readonly config: AgentConfig;
  /** Where visitors come in, from whoever started the gateway, too; absent: by TLS, at each mapping's own port. */
  readonly entrance?: Entrance;
  readonly log: Log;
}

/** Starts an agent. Rejects with the listener's error, EADDRINUSE among them, or a ConnectionStringError. */
export async function startAgent({ config, entrance, log }: AgentOptions): Promise<RunningAgent> {
  const clock = systemClock;
  const bus = createBus((error, fact) => {
    log.error({ error, fact: fact.type }, 'A subscriber failed; the fact is lost to it alone.');
  });
  /** Tells that an actor has moved. */
  const moved$ = new Subject<void>();
  const actors = createActors(
    clock,
    (actor, error) => {
      // A machine that throws is a fault of ours, and nobody decides in its place: uncaught, it ends the process.
      throw new Error(`The actor "${actor}" failed.`, { cause: error });
    },
    () => moved$.next(),
  );
  const { agentId, lock } = await takeAgentFolder(config, log);
  const { store, journal } = createStore({
    dataDir: config.dataDir,
    connectionString: config.connectionString ?? undefined,
    log,
  });
  // With the folder or the port taken, nothing else has begun.
  const server = await openAgentServer(config.uiHost, config.uiPort).catch((error: unknown) => {
    lock.release();
    throw error;
  });
  log.info({ host: config.uiHost, port: server.port, version: VERSION }, 'The agent listens.');

  const mappings = createMappings();
  const reach = { allowedTargets: config.allowedTargets, ownPorts: () => [server.port] };
  const origins = createHttpOrigin({ ...reach, log });
  /** Tells that a request has begun, has come further, or has ended. */
  const relayMoved$ = new Subject<void>();
  const forwarder = createForwarder({
    origins,
    clock,
    bus,
    connectTimeoutMs: config.connectTimeoutMs,
    findMapping: (id) => mappings.findEnabled(id),
    onRelayMoved: () => relayMoved$.next(),
  });
  const uplink = createUplink({
    actors,
    bus,
    clock,
    forwarder,
    random: systemRandom,
    tokens: createTokens(config.authSecrets, (error) => {
      log.error({ error }, 'A token could not be handled.');
    }),
    schedule: setImmediate,
    dialer: createDialer(config),
    identity: { agentId, epoch: createBootEpoch(), slot: 0 },
    version: VERSION,
    drainMs: config.drainMs,
  });
  logTunnel(uplink.status$, log);
  logRefusals(
    uplink.status$.pipe(
      map(({ config: { errors } }) => errors),
      distinctUntilChanged(),
    ),
    (id) => mappings.findEnabled(id)?.externalDomain,
    log,
  );
  const requestLog = createRequestLog({
    actors,
    bus,
    clock,
    journal,
    retention: { maxAgeMs: config.logRetentionMs, maxRows: config.logMaxRows },
    isOn: config.isRequestLogOn,
    agentVersion: VERSION,
    gatewayVersion: () => uplink.status.gateway.version,
    log,
  });
  const tally = createRequestTally(clock);
  const tallyFeed = createTallyFeed({ tally, journal, bus, clock, log });
  bus.on('mapping.saved', ({ mappingId: mapping, revision, change }) => {
    log.info({ mapping, revision }, change === 'saved' ? 'A mapping was saved.' : 'A mapping was removed.');
  });
  bus.on('mappings.edited', ({ revision, saved, removed }) => {
    log.info({ revision, saved, removed }, 'Mappings were edited together.');
  });
  const routes = createRouteStates(mappings, uplink, clock);
  const database = startAgentDatabase({ actors, store, mappings, config, log });
  const edits = createMappingEdits({
    store,
    mappings,
    database,
    bus,
    clock,
    reservedDomain: () => uplink.status.gateway.host,
  });
  const metrics = createAgentMetrics({
    bus,
    clock,
    version: VERSION,
    uplink,
    load: () => uplink.load(),
    mappings,
    databaseState: () => database.state,
    droppedLogRows: () => requestLog.droppedRows,
    relays: () => forwarder.count,
    hubClients: () => api.hubClients,
  });
  const api: AgentApi = createAgentApi({
    config,
    entrance: entrance ?? null,
    log,
    clock,
    random: systemRandom,
    bus,
    actors,
    moved$,
    relayMoved$,
    uplink,
    database,
    mappings,
    edits,
    routes,
    journal,
    requestLog,
    tally,
    forwarder,
    testTarget: createTargetTest({ ...reach, connectTimeoutMs: config.connectTimeoutMs, clock }),
    dashboard: loadDashboard(fileURLToPath(new URL('../../ui/dist', import.meta.url))),
    agentId,
    metrics,
    page: () => statusContent(config, entrance ?? null, mappings, uplink),
    version: VERSION,
  });
  server.serve(api.answer, api.upgrade);

  database.state$.pipe(first((state) => state === 'ok')).subscribe(() => {
    requestLog.begin();
    void tallyFeed.readLog();
  });
  // The tunnel needs the mappings: the first view of them, once the database has told it, starts the dialling.
  const following = mappings.mappings$.subscribe((view) => {
    uplink.offer(configOf(view));
    forwarder.onMappingsChanged();
  });
  const online = new Promise<void>((resolve) => {
    const online$ = uplink.status$.pipe(filter(({ state }) => isOnlineState(state)));
    online$.pipe(take(1)).subscribe(() => resolve());
  });

  return {
    uiUrl: `http://localhost:${server.port}`,
    uiPort: server.port,
    online,
    publicNames: () =>
      [...mappings.view.mappings.values()]
        .filter(({ enabled }) => enabled)
        .map(({ externalDomain }) => externalDomain),
    async stop() {
      // It would take the end of the store for an outage.
      database.stop();
      // From here on nothing is edited: the next agent may have the port and the folder while our streams end.
      await api.stop();
      await server.close();
      lock.release();
      await new Promise<void>((resolve) => {
        // Until the last stream is done, a mapping that is withdrawn still ends what runs through it.
        uplink.stop(() => {
          following.unsubscribe();
          resolve();
        });
      });
      // No visitor's request is left.
      routes.stop();
      origins.close();
      // After the tunnel, whose end is a row; before the store, which writes it.
      tallyFeed.stop();
      await requestLog.stop();
      await store.close();
      log.info({}, 'The agent has stopped.');
    },
  };
}

function statusContent(
  config: AgentConfig,
  entrance: Entrance | null,
  mappings: Mappings,
  uplink: Uplink,
): PageStatus {
  const { state, sinceMs, lastError, gateway } = uplink.status;
  const refused = new Map(uplink.status.config.errors.map(({ id, code }) => [id, describeError(code).says]));
  return {
    state,
    since: new Date(sinceMs).toISOString(),
    lastError: lastError === null ? null : describeError(lastError.code).says,
    gatewayUrl: config.gatewayUrl,
    gatewayVersion: gateway.version === '' ? null : gateway.version,
    version: VERSION,
    mappings: [...mappings.view.mappings.values()].map((mapping) => ({
      address: publicAddressOf(mapping, entrance),
      target: `${mapping.internalProtocol}://${mapping.internalHost}:${mapping.internalPort}`,
      enabled: mapping.enabled,
      refused: refused.get(mapping.id) ?? null,
    })),
  };
}
