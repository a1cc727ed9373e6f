// A past for the demo: a month of tunnels and an hour of requests, written into the agent's database while it is stopped.

import { DatabaseSync } from 'node:sqlite';
import { createRowId } from '../../../services/agent/store/rowId.ts';
import { SERVICES } from './origins.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** How many days ago a tunnel ended, for how long there was none, and why. */
const ENDS = [
  { daysAgo: 26.4, offMs: 90_000, reason: 'wire_closed' },
  { daysAgo: 21.1, offMs: 2_000, reason: 'going_away' },
  { daysAgo: 17.8, offMs: 47 * MINUTE_MS, reason: 'peer_silent' },
  { daysAgo: 12.3, offMs: 1_500, reason: 'going_away' },
  { daysAgo: 9.6, offMs: 6 * MINUTE_MS, reason: 'wire_closed' },
  { daysAgo: 4.2, offMs: 3_000, reason: 'stopped' },
  { daysAgo: 1.7, offMs: 12_000, reason: 'wire_closed' },
];
const FIRST_DAYS_AGO = 28;

/** `ids` are those of the mappings, by domain. */
export function writeHistory(path: string, ids: ReadonlyMap<string, string>, nowMs: number): void {
  const database = new DatabaseSync(path);
  try {
    database.exec('BEGIN');
    writeTunnels(database, nowMs);
    writeRequests(database, ids, nowMs);
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

function writeTunnels(database: DatabaseSync, nowMs: number): void {
  const insert = database.prepare(
    `INSERT INTO connection_logs (id, connectedAt, disconnectedAt, disconnectReason, gatewayVersion, agentVersion)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  // What this run has written itself lasted for seconds: it is no part of the picture.
  database.exec('DELETE FROM connection_logs');
  let fromMs = nowMs - FIRST_DAYS_AGO * DAY_MS;
  for (const { daysAgo, offMs, reason } of ENDS) {
    const toMs = nowMs - daysAgo * DAY_MS;
    insert.run(createRowId(fromMs), sqlTime(fromMs), sqlTime(toMs), reason, '0.1.0', '0.1.0');
    fromMs = toMs + offMs;
  }
  const toMs = nowMs - 5_000;
  insert.run(createRowId(fromMs), sqlTime(fromMs), sqlTime(toMs), 'stopped', '0.1.0', '0.1.0');
}

/** Of the last hour, with a quiet stretch and a minute in which a service failed. */
function writeRequests(database: DatabaseSync, ids: ReadonlyMap<string, string>, nowMs: number): void {
  const insert = database.prepare(
    `INSERT INTO request_logs (id, portMappingId, timestamp, method, path, statusCode, durationMs, firstByteMs,
       bytesIn, bytesOut, outcome, errorCode, visitorAddress)
     VALUES ($id, $portMappingId, $timestamp, $method, $path, $statusCode, $durationMs, $firstByteMs,
       $bytesIn, $bytesOut, $outcome, $errorCode, $visitorAddress)`,
  );
  const answering = SERVICES.filter(({ answer }) => answer !== undefined);
  for (let minute = 59; minute >= 1; minute -= 1) {
    const count = Math.round(26 + 14 * Math.sin(minute / 6) + 9 * Math.sin(minute / 1.7));
    for (let index = 0; index < count; index += 1) {
      const service = answering[(minute * 7 + index * 3) % answering.length];
      const portMappingId = ids.get(service?.domain ?? '');
      if (portMappingId === undefined) continue;
      const atMs = nowMs - minute * MINUTE_MS + (index * MINUTE_MS) / count;
      const isFailed = minute > 20 && minute < 24 && index % 4 === 0;
      const durationMs =
        14 + ((minute * 31 + index * 17) % 60) + (index % 7 === 0 ? 60 + ((minute * 37) % 150) : 0);
      insert.run({
        id: createRowId(atMs),
        portMappingId,
        timestamp: sqlTime(atMs),
        method: index % 9 === 0 ? 'POST' : 'GET',
        path: `/page/${index}`,
        statusCode: isFailed ? 502 : 200,
        durationMs,
        firstByteMs: durationMs * 0.7,
        bytesIn: 0,
        bytesOut: isFailed ? 0 : 18_000,
        outcome: isFailed ? 'failed' : 'complete',
        errorCode: isFailed ? 'origin_refused' : null,
        visitorAddress: `203.0.113.${(index % 40) + 2}`,
      });
    }
  }
}

/** As Sequelize writes it. */
function sqlTime(atMs: number): string {
  return new Date(atMs).toISOString().replace('T', ' ').replace('Z', ' +00:00');
}
