// Owns the tests of the settings over HTTP.

import { expect, test } from 'vitest';
import { ProblemError } from '../../../../services/agent/api/problems.ts';
import { settingsRoutes, type SettingsRoutesOptions } from '../../../../services/agent/api/settings.ts';
import type { UplinkStatus } from '../../../../services/agent/uplink.ts';
import { openApi, type ApiStageOptions } from './apiStage.ts';

const PATH = '/api/v1/settings';
const SETTINGS = {
  agent: { id: 'a1', name: 'attic', version: '1.2.3' },
  database: { kind: 'sqlite', place: 'data/octoporty.sqlite' },
  logs: {
    isRequestLogOn: true,
    requests: { maxAgeMs: 604_800_000, maxRows: 100_000 },
    connections: { maxAgeMs: 7_776_000_000, maxRows: 10_000 },
  },
} as const satisfies Partial<SettingsRoutesOptions>;

const OFFLINE: UplinkStatus = {
  state: 'waiting',
  sinceMs: 0,
  restMs: null,
  attempt: 1,
  lastError: null,
  gateway: { version: '', host: null, rttMs: null },
  gatewayMachines: [],
  routes: null,
  config: { revision: 0, ackedRevision: null, errors: [] },
};

function asking(gateway: Partial<UplinkStatus['gateway']>, url: string, options: ApiStageOptions = {}) {
  const uplink = { status: { ...OFFLINE, gateway: { ...OFFLINE.gateway, ...gateway } } };
  return openApi({ guarded: [settingsRoutes({ ...SETTINGS, uplink, gatewayUrl: url })], ...options });
}

test('the settings tell both sides, their skew, the database and the retention', async () => {
  const url = 'wss://tunnel.example.com/tunnel';
  const { ask } = await asking({ version: '1.4.0', host: 'tunnel.example.com' }, url);
  const answer = await ask('GET', PATH);
  expect([answer.status, answer.json]).toEqual([
    200,
    {
      ...SETTINGS,
      gateway: { url, host: 'tunnel.example.com', version: '1.4.0' },
      skew: 'minor',
      apiDocument: '/api/v1/openapi.json',
    },
  ]);
});

test('before a gateway has answered, its version and the skew are not known', async () => {
  const { ask } = await asking({}, 'ws://localhost:5000/tunnel');
  expect((await ask('GET', PATH)).json).toMatchObject({ gateway: { host: null, version: null }, skew: null });
});

test('nobody who is not logged in is told', async () => {
  const { ask } = await asking({}, '', {
    authenticate: () => {
      throw new ProblemError('unauthenticated');
    },
  });
  expect((await ask('GET', PATH)).status).toBe(401);
});
