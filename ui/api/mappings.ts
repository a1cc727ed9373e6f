// Mappings over the API.

import type { MappingPatch, NewMapping } from '../../protocol/mapping.ts';
import { mappingListSchema, mappingViewSchema, type MappingView } from '../../protocol/api/mappings.ts';
import { MAX_PAGE_ITEMS } from '../../protocol/api/values.ts';
import { ask } from './request.ts';

const PATH = '/api/v1/mappings';

/** All of them, page after page, ordered by domain and port. `onPage` hears those that are there so far. */
export async function listMappings(
  signal?: AbortSignal,
  onPage: (soFar: MappingView[]) => void = () => {},
): Promise<MappingView[]> {
  // By id: while pages are read one may be added before them, and one is then seen twice.
  const all = new Map<string, MappingView>();
  for (let offset = 0; ; offset += MAX_PAGE_ITEMS) {
    const query = { limit: MAX_PAGE_ITEMS, offset };
    const { items, total } = await ask('GET', PATH, { query, schema: mappingListSchema, signal });
    for (const mapping of items) all.set(mapping.id, mapping);
    if (items.length === 0 || offset + items.length >= total) return [...all.values()];
    onPage([...all.values()]);
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

function pathOf(id: string): string {
  return `${PATH}/${encodeURIComponent(id)}`;
}
