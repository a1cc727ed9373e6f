// Which requests somebody wants to see: as the address says it, as the API is asked, and as the live ones are picked.

import type { LocationQuery } from 'vue-router';
import type { RequestFilter } from '../../api/logs.ts';
import { requestQuerySchema, type RequestLogEntry } from '../../../protocol/api/logs.ts';

/** Empty words stand for all. */
export interface RequestChoice {
  readonly mapping: string;
  readonly method: string;
  /** `404`, or a class such as `5xx`. */
  readonly status: string;
  /** Part of the path. */
  readonly path: string;
}

export const EVERYTHING: RequestChoice = { mapping: '', method: '', status: '', path: '' };

/** From the address; what the API would refuse is left out. */
export function choiceOf({ mapping, method, status, path }: LocationQuery): RequestChoice {
  const accepted = requestQuerySchema.shape;
  return {
    mapping: acceptedBy(accepted.mappingId, mapping),
    method: acceptedBy(accepted.method, method),
    status: acceptedBy(accepted.status, status),
    path: acceptedBy(accepted.path, path),
  };
}

/** For the address: only what is chosen. */
export function addressOf(choice: RequestChoice): Record<string, string> {
  return Object.fromEntries(Object.entries(choice).filter(([, word]) => word !== ''));
}

/** For the API. */
export function filterOf({ mapping, method, status, path }: RequestChoice): RequestFilter {
  return {
    mappingId: mapping || undefined,
    method: method || undefined,
    status: status || undefined,
    path: path || undefined,
  };
}

export function isEverything(choice: RequestChoice): boolean {
  return Object.keys(addressOf(choice)).length === 0;
}

/** As the agent's database picks them: a path in whatever case, a class by its first digit. */
export function isChosen(
  { mapping, method, status, path }: RequestChoice,
  row: Pick<RequestLogEntry, 'portMappingId' | 'method' | 'statusCode' | 'path'>,
): boolean {
  if (mapping !== '' && row.portMappingId !== mapping) return false;
  if (method !== '' && row.method !== method) return false;
  if (status !== '' && !isOfStatus(row.statusCode, status)) return false;
  return path === '' || row.path.toLowerCase().includes(path.toLowerCase());
}

function isOfStatus(code: number | null, status: string): boolean {
  if (code === null) return false;
  return String(code).startsWith(status.replace('xx', ''));
}

function acceptedBy(
  schema: { safeParse(value: unknown): { data?: string | undefined } },
  value: LocationQuery[string] | undefined,
): string {
  return schema.safeParse(value).data ?? '';
}
