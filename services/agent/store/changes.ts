// What each write makes of a mapping: the rules every store shares, without any storage.

import type { Mapping, MappingPatch, NewMapping } from '../../../protocol/mapping.ts';
import { StoreError, type StoreEdit, type StoreSource, type Version } from './store.ts';

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

/** What many edits make of the mappings. */
export interface PlannedEdits {
  readonly created: Mapping[];
  readonly updated: Mapping[];
  readonly removed: Mapping[];
  readonly missing: string[];
}

/** `known` holds every mapping that the edits name. Throws StoreError `stale`. */
export function plannedEdits(
  edits: readonly StoreEdit[],
  known: ReadonlyMap<string, Mapping>,
  source: StoreSource,
): PlannedEdits {
  const plan: PlannedEdits = { created: [], updated: [], removed: [], missing: [] };
  for (const edit of edits) {
    if (edit.kind === 'create') {
      const mapping = mappingFromDraft(edit.draft, source);
      plan.created.push({ ...mapping, id: edit.id ?? mapping.id });
      continue;
    }
    const before = known.get(edit.id);
    if (before === undefined) {
      if (edit.expected !== undefined) throw new StoreError('stale');
      plan.missing.push(edit.id);
      continue;
    }
    refuseStale(before, edit.expected);
    if (edit.kind === 'remove') plan.removed.push(before);
    else {
      const mapping = patchedMapping(before, edit.patch, source);
      if (mapping !== before) plan.updated.push(mapping);
    }
  }
  return plan;
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
