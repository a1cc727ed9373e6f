// What the hub tells while all is well: status, snapshot and a request that has ended, whole, each with what a test wants otherwise.

import type { HubMessage } from '../../protocol/api/hub.ts';
import type { RequestLogEntry } from '../../protocol/api/logs.ts';
import type { Status } from '../../protocol/api/status.ts';

export type Snapshot = Extract<HubMessage, { type: 'snapshot' }>;

/** All of it happened then. */
export const NOW = '2026-01-31T12:00:00.000Z';

/** Online, with the newest revision acked. */
export function liveStatus(change: Partial<Status> = {}): Status {
  return {
    state: 'online.lively',
    since: NOW,
    attempt: 1,
    nextRetryAt: null,
    lastError: null,
    gateway: { url: 'wss://gateway.example.com/tunnel', version: '1.0.0', host: null, rttMs: 12 },
    tunnels: 1,
    config: { revision: 1, ackedRevision: 1, errors: [] },
    database: 'ok',
    droppedLogRows: 0,
    relays: 0,
    agentName: 'home',
    version: '1.0.0',
    uptimeSeconds: 5,
    ...change,
  };
}

/** Of an agent without a mapping. */
export function snapshotOf(change: Partial<Omit<Snapshot, 'type'>> = {}): Snapshot {
  return {
    type: 'snapshot',
    now: NOW,
    status: liveStatus(),
    machines: [],
    routes: {},
    edition: 1,
    ...change,
  };
}

/** The `n`th to arrive, by its id and its path. */
export function endedRequest(n: number, change: Partial<RequestLogEntry> = {}): RequestLogEntry {
  return {
    id: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`,
    portMappingId: '00000000-0000-4000-8000-000000000001',
    timestamp: NOW,
    method: 'GET',
    path: `/${n}`,
    statusCode: 200,
    durationMs: 1,
    firstByteMs: 1,
    bytesIn: 0,
    bytesOut: 0,
    outcome: 'complete',
    errorCode: null,
    visitorAddress: '192.0.2.1',
    ...change,
  };
}
