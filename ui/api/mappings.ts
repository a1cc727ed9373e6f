// Mappings over the API.

import type { MappingPatch, NewMapping } from '../../protocol/mapping.ts';
import { mappingListSchema, mappingViewSchema, type MappingView } from '../../protocol/api/mappings.ts';
import { MAX_PAGE_ITEMS } from '../../protocol/api/values.ts';
import { ask } from './request.ts';

const PATH = '/api/v1/mappings';

/** All of them, page after page, ordered by domain and port. */
export async function listMappings(signal?: AbortSignal): Promise<MappingView[]> {
  const all: MappingView[] = [];
  for (;;) {
    const query = { limit: MAX_PAGE_ITEMS, offset: all.length };
    const { items, total } = await ask('GET', PATH, { query, schema: mappingListSchema, signal });
    all.push(...items);
    if (items.length === 0 || all.length >= total) return all;
  }
}

export function readMapping(id: string, signal?: AbortSignal): Promise<MappingView> {
  return ask('GET', pathOf(id), { schema: mappingViewSchema, signal });
}

/** Throws ApiProblem `invalid`, `duplicate` or `domain_reserved` with the fields that are to blame, or `full`. */
export function createMapping(draft: NewMapping): Promise<MappingView> {
  return ask('POST', PATH, { body: draft, schema: mappingViewSchema });
}

/** `updatedAt` is of the mapping as it was read: ApiProblem `stale` when somebody has changed it since. */
export function changeMapping(id: string, patch: MappingPatch, updatedAt?: string): Promise<MappingView> {
  return ask('PATCH', pathOf(id), { body: patch, ifMatch: updatedAt, schema: mappingViewSchema });
}

export async function removeMapping(id: string, updatedAt?: string): Promise<void> {
  await ask('DELETE', pathOf(id), { ifMatch: updatedAt });
}

function pathOf(id: string): string {
  return `${PATH}/${encodeURIComponent(id)}`;
}
