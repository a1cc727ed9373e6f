// The agent's HTTP side put together: who may ask, what may be asked, and what is behind each answer.

import type { RequestListener } from 'node:http';
import type { Observable } from 'rxjs';
import type { Entrance } from '../../../protocol/api/entrance.ts';
import type { AgentConfig } from '../../config.ts';
import type { Actors } from '../../actors.ts';
import type { Bus } from '../../bus.ts';
import type { Log } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Clock } from '../../../machines/clock.ts';
import type { Random } from '../../../machines/random.ts';
import type { AgentDatabase } from '../database.ts';
import type { Forwarder } from '../forwarder.ts';
import type { MappingEdits } from '../mappingEdits.ts';
import type { Mappings } from '../mappings.ts';
import { CONNECTION_RETENTION, type RequestLog } from '../requestLog.ts';
import { databasePlace } from '../databasePlace.ts';
import type { RequestTally } from '../requestTally.ts';
import type { RouteStates } from '../routeStates.ts';
import type { Journal } from '../store/journal.ts';
import type { TestTarget } from '../targetTest.ts';
import type { Uplink } from '../uplink.ts';
import { createHub } from '../hub.ts';
import { createLiveLevels } from '../liveLevels.ts';
import { createLockout } from '../lockout.ts';
import { createSessions } from '../sessions.ts';
import { createAgentApp } from './app.ts';
import { createAuthentication } from './authentication.ts';
import { authRoutes } from './auth.ts';
import { dashboardRoutes, missingDashboardPage, type Dashboard } from './dashboard.ts';
import { bulkRoutes } from './bulk.ts';
import { logRoutes } from './logs.ts';
import { machineRoutes, machineViews } from './machines.ts';
import { mappingRoutes } from './mappings.ts';
import { metricsRoutes } from './metrics.ts';
import { openApiRoutes } from './openapi.ts';
import { pageRoutes } from './pageRoutes.ts';
import { settingsRoutes } from './settings.ts';
import { relayRoutes } from './relays.ts';
import { seriesRoutes } from './series.ts';
import { healthRoutes, statusOf, statusRoutes } from './status.ts';
import type { UpgradeListener } from './server.ts';
import { createSessionCookie } from './sessionCookie.ts';
import type { PageStatus } from './statusPage.ts';
import { targetTestRoutes } from './targetTest.ts';

export interface AgentApiOptions {
  readonly config: AgentConfig;
  /** Null: visitors come by TLS, at each mapping's own port. */
  readonly entrance: Entrance | null;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: Bus;
  readonly actors: Actors;
  /** Tells that one of them has moved. */
  readonly moved$: Observable<unknown>;
  /** Tells that a request has begun, has come further, or has ended. */
  readonly relayMoved$: Observable<unknown>;
  readonly uplink: Uplink;
  readonly database: AgentDatabase;
  readonly mappings: Mappings;
  readonly edits: MappingEdits;
  readonly routes: RouteStates;
  readonly journal: Journal;
  readonly requestLog: RequestLog;
  readonly tally: RequestTally;
  readonly forwarder: Forwarder;
  readonly testTarget: TestTarget;
  /** Null: it has not been built, and the plain status page stands in for it. */
  readonly dashboard: Dashboard | null;
  readonly page: () => PageStatus;
  readonly agentId: string;
  readonly metrics: Metrics;
  readonly version: string;
}

export interface AgentApi {
  readonly answer: RequestListener;
  readonly upgrade: UpgradeListener;
  /** Dashboards that follow. */
  readonly hubClients: number;
  /** Sends watchers away and writes what is kept of the sessions. */
  stop(): Promise<void>;
}

export function createAgentApi(options: AgentApiOptions): AgentApi {
  const { config, log, clock, random, bus, actors, uplink, database, mappings, edits, routes } = options;
  const { journal, requestLog, tally, forwarder, testTarget, version } = options;
  const { uiUsername: username, uiPassword: password, dataDir } = config;
  const startedMs = clock.nowMs();
  const sessions = createSessions({ dataDir, username, password, clock, random, log });
  const cookie = createSessionCookie(options.agentId);
  const authentication = createAuthentication(sessions, cookie, clock);
  const auth = authRoutes({
    username,
    password,
    sessions,
    setCookie: authentication.setCookie,
    lockout: createLockout(),
    clock,
    onLogout: () => hub.onLogout(),
    log,
  });
  const isKnown = () => database.state !== 'starting';
  const status = {
    uplink,
    databaseState: () => database.state,
    droppedLogRows: () => requestLog.droppedRows,
    relays: () => forwarder.count,
    uptimeSeconds: () => Math.floor((clock.nowMs() - startedMs) / 1000),
    gatewayUrl: config.gatewayUrl,
    entrance: options.entrance,
    agentName: config.agentName,
    version,
  };
  const seen = { actors, gatewayMachines: () => uplink.status.gatewayMachines };
  const { dashboard } = options;
  const pages = dashboard === null ? pageRoutes(options.page) : dashboardRoutes(dashboard);
  const app = createAgentApp({
    allowedHosts: config.uiAllowedHosts,
    log,
    ...(dashboard === null ? {} : { missingPage: missingDashboardPage(dashboard) }),
    authenticate: (context) => void authentication.authenticate(context),
    open: [
      auth.open,
      healthRoutes(status),
      openApiRoutes(cookie.name),
      metricsRoutes({
        metrics: options.metrics,
        statusToken: config.statusToken,
        authenticate: (context) => void authentication.authenticate(context),
      }),
      pages,
    ],
    guarded: [
      auth.guarded,
      statusRoutes(status),
      // Before the mappings: there, "test" and "export" would be ids.
      targetTestRoutes({ testTarget, mappings, isKnown }),
      bulkRoutes({ mappings, edits, reservedDomain: () => uplink.status.gateway.host, isKnown }),
      mappingRoutes({ mappings, edits, routes, tally, isKnown }),
      settingsRoutes({
        agent: { id: options.agentId, name: config.agentName, version },
        gatewayUrl: config.gatewayUrl,
        uplink,
        database: databasePlace(config.connectionString, config.dataDir),
        logs: {
          isRequestLogOn: config.isRequestLogOn,
          requests: { maxAgeMs: config.logRetentionMs, maxRows: config.logMaxRows },
          connections: CONNECTION_RETENTION,
        },
      }),
      machineRoutes(seen),
      relayRoutes({ forwarder, clock }),
      seriesRoutes({ tally }),
      logRoutes({ requestLog, journal, clock }),
    ],
  });
  const hub = createHub({
    levels: createLiveLevels({
      clock,
      uplink,
      database,
      mappings,
      routes,
      moved$: options.moved$,
      relayMoved$: options.relayMoved$,
      status: () => statusOf(status),
      machines: () => machineViews(seen),
    }),
    onRequest: (listener) => bus.on('request.logged', ({ row }) => listener(row)),
    allowedHosts: config.uiAllowedHosts,
    authenticate: (request) => void authentication.authenticateUpgrade(request),
    isStillLoggedIn: (request) => authentication.isStillLoggedIn(request),
    clock,
    log,
  });
  const answer = app.callback();
  return {
    answer: (request, response) => void answer(request, response),
    upgrade: (request, socket, head) => hub.upgrade(request, socket, head),
    get hubClients() {
      return hub.count;
    },
    async stop() {
      await hub.close();
      await sessions.stop();
    },
  };
}
