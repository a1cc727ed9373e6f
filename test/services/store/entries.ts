// Valid entries to put into a journal.

import {
  connectionLogSchema,
  requestLogSchema,
  type ConnectionLogEntry,
  type RequestLogEntry,
} from '../../../protocol/api/logs.ts';
import { createRowId } from '../../../services/agent/store/rowId.ts';

/** When the entries' time begins. */
export const START_MS = Date.UTC(2026, 0, 31, 12, 0, 0, 123);

/** A valid request; what is given replaces its fields before parsing. */
export function request(
  fields: { readonly timestamp?: string } & Record<string, unknown> = {},
): RequestLogEntry {
  return requestLogSchema.parse({
    id: createRowId(Date.parse(fields.timestamp ?? instant(0))),
    portMappingId: '00000000-0000-4000-8000-000000000001',
    timestamp: instant(0),
    method: 'GET',
    path: '/',
    statusCode: 200,
    durationMs: 1.25,
    firstByteMs: 0.5,
    bytesIn: 0,
    bytesOut: 1234,
    outcome: 'complete',
    errorCode: null,
    visitorAddress: '192.0.2.1',
    ...fields,
  });
}

/** A valid connection that is online; what is given replaces its fields before parsing. */
export function connection(
  fields: { readonly connectedAt?: string } & Record<string, unknown> = {},
): ConnectionLogEntry {
  return connectionLogSchema.parse({
    id: createRowId(Date.parse(fields.connectedAt ?? instant(0))),
    connectedAt: instant(0),
    disconnectedAt: null,
    disconnectReason: null,
    gatewayVersion: '1.0.0',
    agentVersion: '1.0.1',
    ...fields,
  });
}

/** So many milliseconds after the start. */
export function instant(ms: number): string {
  return new Date(START_MS + ms).toISOString();
}
