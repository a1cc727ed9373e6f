// Which requests a query asks for, where no database is asked.

import type { RequestLogEntry, RequestQuery } from '../../../protocol/api/logs.ts';

/** By all that a query names but its place in the list. */
export function isWantedRequest(
  request: RequestLogEntry,
  { mappingId, method, status, path }: RequestQuery,
): boolean {
  return (
    (mappingId === undefined || request.portMappingId === mappingId) &&
    (method === undefined || request.method === method) &&
    (status === undefined || isOfStatus(request.statusCode, status)) &&
    // As databases compare: without case.
    (path === undefined || request.path.toLowerCase().includes(path.toLowerCase()))
  );
}

function isOfStatus(statusCode: number | null, status: string): boolean {
  if (statusCode === null) return false;
  return status.endsWith('xx')
    ? Math.floor(statusCode / 100) === Number(status[0])
    : statusCode === Number(status);
}
