// The simulated store: the same answers from memory. What was committed outlives close(), as a file does.

import { MAX_MAPPINGS, type Mapping, type MappingPatch, type NewMapping } from '../../../protocol/mapping.ts';
import { byDomainAndPort } from './mappingOrder.ts';
import { mappingFromDraft, patchedMapping, plannedEdits, refuseStale, targetPatch } from './changes.ts';
import {
  StoreError,
  type Store,
  type StoreBulkWrite,
  type StoreEdit,
  type StoreSnapshot,
  type StoreSource,
  type StoreWrite,
  type Version,
} from './store.ts';

export interface MemoryStore extends Store {
  readonly isOpen: boolean;
  /** What is committed right now, without a promise: a simulation must not depend on when microtasks run. */
  snapshot(): StoreSnapshot;
}

/** A store in memory. A call takes effect before it returns; only its answer comes by promise. */
export function createMemoryStore(source: StoreSource): MemoryStore {
  let isOpen = false;
  let revision = 0;
  let mappings: readonly Mapping[] = [];

  function commit(next: readonly Mapping[], mapping: Mapping): StoreWrite {
    mappings = next.toSorted(byDomainAndPort);
    revision += 1;
    return { revision, mapping, isChanged: true };
  }

  function create(draft: NewMapping): StoreWrite {
    if (mappings.length >= MAX_MAPPINGS) throw new StoreError('full');
    // As in a database, the id is drawn before the duplicate is found: both stores use up the same ids.
    const mapping = mappingFromDraft(draft, source);
    // A mapping that came back with its id may have the one that is drawn.
    if (mappings.some((other) => other.id === mapping.id || isSamePlace(other, mapping)))
      throw new StoreError('duplicate');
    return commit([...mappings, mapping], mapping);
  }

  function update(id: string, patch: MappingPatch, expected?: Version): StoreWrite {
    const before = find(id);
    refuseStale(before, expected);
    const mapping = patchedMapping(before, patch, source);
    if (mapping === before) return { revision, mapping, isChanged: false };
    const others = mappings.filter((other) => other !== before);
    if (others.some((other) => isSamePlace(other, mapping))) throw new StoreError('duplicate');
    return commit([...others, mapping], mapping);
  }

  function upsertByDomain(draft: NewMapping): StoreWrite {
    const found = mappings.find((mapping) => isSamePlace(mapping, draft));
    return found === undefined ? create(draft) : update(found.id, targetPatch(draft));
  }

  function remove(id: string, expected?: Version): StoreWrite {
    const mapping = find(id);
    refuseStale(mapping, expected);
    return commit(
      mappings.filter((other) => other !== mapping),
      mapping,
    );
  }

  function editMany(edits: readonly StoreEdit[]): StoreBulkWrite {
    const known = new Map(mappings.map((mapping) => [mapping.id, mapping]));
    const { created, updated, removed, missing } = plannedEdits(edits, known, source);
    const saved = [...updated, ...created];
    if (saved.length + removed.length === 0) return { revision, saved, removed, missing };
    const gone = new Set([...updated, ...removed].map(({ id }) => id));
    const next = [...mappings.filter(({ id }) => !gone.has(id)), ...saved];
    if (created.length > 0 && next.length > MAX_MAPPINGS) throw new StoreError('full');
    const places = new Set(
      next.map(({ externalDomain, externalPort }) => `${externalDomain}:${externalPort}`),
    );
    const ids = new Set(next.map(({ id }) => id));
    if (places.size < next.length || ids.size < next.length) throw new StoreError('duplicate');
    mappings = next.toSorted(byDomainAndPort);
    revision += 1;
    return { revision, saved, removed, missing };
  }

  function find(id: string): Mapping {
    const found = mappings.find((mapping) => mapping.id === id);
    if (found === undefined) throw new StoreError('not_found');
    return found;
  }

  function whenOpen<Args extends unknown[], Answer>(act: (...args: Args) => Answer) {
    return async (...args: Args): Promise<Answer> => {
      if (!isOpen) throw new StoreError('unavailable', 'It is not open.');
      return act(...args);
    };
  }

  return {
    get isOpen() {
      return isOpen;
    },
    open: async () => void (isOpen = true),
    close: async () => void (isOpen = false),
    readAll: whenOpen(() => ({ revision, mappings })),
    create: whenOpen(create),
    upsertByDomain: whenOpen(upsertByDomain),
    update: whenOpen(update),
    remove: whenOpen(remove),
    editMany: whenOpen(editMany),
    ping: whenOpen(() => {}),
    probe: whenOpen(() => {}),
    snapshot: () => ({ revision, mappings }),
  };
}

function isSamePlace(one: Place, other: Place): boolean {
  return one.externalDomain === other.externalDomain && one.externalPort === other.externalPort;
}

type Place = Pick<Mapping, 'externalDomain' | 'externalPort'>;
