// The request log and the connection log over the API, the newest first.

import type { z } from 'zod';
import {
  connectionPageSchema,
  requestPageSchema,
  type ConnectionLogEntry,
  type connectionQuerySchema,
  type RequestLogEntry,
  type requestQuerySchema,
} from '../../protocol/api/logs.ts';
import { ask } from './request.ts';

/** `before` is the id of the last entry of the page before. */
export type RequestFilter = {
  readonly [K in keyof z.input<typeof requestQuerySchema>]?: string | number | undefined;
};
export type ConnectionFilter = {
  readonly [K in keyof z.input<typeof connectionQuerySchema>]?: string | number | undefined;
};

export async function listRequests(
  filter: RequestFilter = {},
  signal?: AbortSignal,
): Promise<RequestLogEntry[]> {
  const { items } = await ask('GET', '/api/v1/requests', {
    query: filter,
    schema: requestPageSchema,
    signal,
  });
  return items;
}

export async function listConnections(
  filter: ConnectionFilter = {},
  signal?: AbortSignal,
): Promise<ConnectionLogEntry[]> {
  const { items } = await ask('GET', '/api/v1/connections', {
    query: filter,
    schema: connectionPageSchema,
    signal,
  });
  return items;
}
