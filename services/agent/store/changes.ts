// What each write makes of a mapping: the rules every store shares, without any storage.

import type { Mapping, MappingPatch, NewMapping } from '../../../protocol/mapping.ts';
import { StoreError, type StoreSource, type Version } from './store.ts';

/** The mapping a draft becomes. */
export function mappingFromDraft(draft: NewMapping, source: StoreSource): Mapping {
  const createdAt = new Date(source.wallMs()).toISOString();
  return { ...draft, id: source.newId(), createdAt, updatedAt: createdAt };
}

/** The mapping after a patch, or the same object when the patch changes nothing. */
export function patchedMapping(mapping: Mapping, patch: MappingPatch, source: StoreSource): Mapping {
  const patched: Mapping = {
    ...mapping,
    ...withoutAbsent(patch),
    id: mapping.id,
    createdAt: mapping.createdAt,
  };
  if (JSON.stringify(patched) === JSON.stringify(mapping)) return mapping;
  // Rises even when the clock stands or steps back, so that it tells two versions of a mapping apart.
  const updatedMs = Math.max(source.wallMs(), Date.parse(mapping.updatedAt) + 1);
  return { ...patched, updatedAt: new Date(updatedMs).toISOString() };
}

/** Throws StoreError `stale` when a version is expected that the mapping does not have. */
export function refuseStale(mapping: Mapping, expected: Version | undefined): void {
  if (expected !== undefined && mapping.updatedAt !== expected) throw new StoreError('stale');
}

/** What an upsert replaces: where the mapping leads, and how. */
export function targetPatch(draft: NewMapping): MappingPatch {
  const { internalHost, internalPort, internalProtocol, allowInvalidCertificates } = draft;
  return { internalHost, internalPort, internalProtocol, allowInvalidCertificates };
}

function withoutAbsent(patch: MappingPatch): Partial<Mapping> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
}
