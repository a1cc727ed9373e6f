// Owns the test that the API's document and the API's routes tell of the same operations.

import type Router from '@koa/router';
import { expect, test } from 'vitest';
import { authRoutes } from '../../../../services/agent/api/auth.ts';
import { bulkRoutes } from '../../../../services/agent/api/bulk.ts';
import { logRoutes } from '../../../../services/agent/api/logs.ts';
import { machineRoutes } from '../../../../services/agent/api/machines.ts';
import { mappingRoutes } from '../../../../services/agent/api/mappings.ts';
import { documentedOperations, openApiRoutes } from '../../../../services/agent/api/openapi.ts';
import { relayRoutes } from '../../../../services/agent/api/relays.ts';
import { healthRoutes, statusRoutes } from '../../../../services/agent/api/status.ts';
import { settingsRoutes } from '../../../../services/agent/api/settings.ts';
import { seriesRoutes } from '../../../../services/agent/api/series.ts';
import { targetTestRoutes } from '../../../../services/agent/api/targetTest.ts';
import { createLockout } from '../../../../services/agent/lockout.ts';
import { createMappings } from '../../../../services/agent/mappings.ts';
import { PASSWORD, sessionsStage, USERNAME } from '../sessionsStage.ts';

/** Nothing is asked here: the routes are only looked at. */
function unasked(): never {
  throw new Error('A route was asked.');
}

/** Every router of the API. The pages are none of it. */
function routers(): Router[] {
  const { clock, log, start } = sessionsStage();
  const mappings = createMappings();
  const auth = authRoutes({
    username: USERNAME,
    password: PASSWORD,
    sessions: start(),
    setCookie: unasked,
    lockout: createLockout(),
    clock,
    onLogout: unasked,
    log,
  });
  const status = {
    uplink: {
      get status() {
        return unasked();
      },
      reconnect: unasked,
    },
    databaseState: unasked,
    droppedLogRows: unasked,
    relays: unasked,
    uptimeSeconds: unasked,
    gatewayUrl: '',
    entrance: null,
    agentName: '',
    version: '',
  };
  return [
    auth.open,
    auth.guarded,
    healthRoutes(status),
    statusRoutes(status),
    openApiRoutes('session'),
    targetTestRoutes({ testTarget: unasked, mappings, isKnown: unasked }),
    bulkRoutes({
      mappings,
      edits: { editMany: unasked },
      reservedDomain: unasked,
      isKnown: unasked,
    }),
    mappingRoutes({
      mappings,
      edits: { create: unasked, update: unasked, remove: unasked },
      routes: { routeOf: unasked },
      tally: { activityOf: unasked },
      isKnown: unasked,
    }),
    machineRoutes({ actors: { list: unasked, find: unasked }, gatewayMachines: unasked }),
    settingsRoutes({
      agent: { id: '', name: '', version: '' },
      gatewayUrl: '',
      uplink: status.uplink,
      database: { kind: 'sqlite', place: '' },
      logs: {
        isRequestLogOn: true,
        requests: { maxAgeMs: 0, maxRows: 0 },
        connections: { maxAgeMs: 0, maxRows: 0 },
      },
    }),
    relayRoutes({ forwarder: { underWay: unasked }, clock: { wallMs: unasked } }),
    seriesRoutes({ tally: { series: unasked } }),
    logRoutes({
      requestLog: { readRequests: unasked },
      journal: { readConnections: unasked },
      clock: { setTimer: unasked },
    }),
  ];
}

function registeredOperations(): string[] {
  return routers().flatMap(({ stack }) =>
    stack.flatMap(({ methods, path }) =>
      methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${templateOf(String(path))}`),
    ),
  );
}

/** A route's path as OpenAPI writes it. */
function templateOf(path: string): string {
  return path.replace(/[:*](\w+)/g, '{$1}').replace(/(.)\/$/, '$1');
}

test('every route is in the document, and everything in the document is a route', () => {
  expect(registeredOperations().toSorted()).toEqual(documentedOperations().toSorted());
});
