// The mappings as a level: what the store holds, in memory, each mapping as of its newest write.

import { ReplaySubject, type Observable } from 'rxjs';
import type { ConfigSnapshot } from '../../machines/configSync.ts';
import type { Mapping } from '../../protocol/mapping.ts';
import type { StoreBulkWrite, StoreSnapshot, StoreWrite } from './store/store.ts';
import { wireMappingOf } from '../../protocol/mapping.ts';
import { byDomainAndPort } from './store/mappingOrder.ts';

export interface MappingsView {
  /** The newest revision of the store that was heard of. */
  readonly revision: number;
  /** Rises with every change: the store's revision, unless an older write was heard after a newer one. */
  readonly edition: number;
  readonly mappings: ReadonlyMap<string, Mapping>;
}

export interface Mappings {
  /** Nothing before the first `load`, then the newest at once and every change. */
  readonly mappings$: Observable<MappingsView>;
  readonly view: MappingsView;
  /** The edition in which the mapping was changed last, or a later one. */
  editionOf(id: string): number;
  /** All of them, ordered by domain and port. */
  list(): readonly Mapping[];
  /** An enabled mapping by its id: what a request may reach. */
  findEnabled(id: string): Mapping | undefined;
  /** Replaces everything, as read at start or after an outage. */
  load(snapshot: StoreSnapshot): void;
  /** What a committed write led to. In whatever order writes are heard, the newest of each mapping stands. */
  apply(write: StoreWrite): void;
  /** The same for a mapping that was removed. */
  drop(write: StoreWrite): void;
  /** The same for many at once: one edition. */
  applyMany(write: StoreBulkWrite): void;
}

/** Removed mappings that are remembered. Raised: more memory; lowered: an edit heard after that many removals undoes one. */
const MAX_REMOVED = 1_000;

export function createMappings(): Mappings {
  const mappings$ = new ReplaySubject<MappingsView>(1);
  let view: MappingsView = { revision: 0, edition: 0, mappings: new Map() };
  let loaded = { revision: 0, edition: 0 };
  let isLoaded = false;
  /** The newest write heard since for each mapping. */
  const revisions = new Map<string, number>();
  const editions = new Map<string, number>();
  /** Of these the ones that were removed, the longest gone first: an older edit must not bring one back. */
  const removed = new Set<string>();
  let listed: { readonly edition: number; readonly mappings: readonly Mapping[] } | null = null;

  function show(next: MappingsView): void {
    view = next;
    mappings$.next(next);
  }

  function change({ revision, saved, removed: dropped }: Omit<StoreBulkWrite, 'missing'>): void {
    const isNews = ({ id }: Mapping) => revision > (revisions.get(id) ?? loaded.revision);
    const [newlySaved, newlyDropped] = [saved.filter(isNews), dropped.filter(isNews)];
    if (newlySaved.length + newlyDropped.length === 0) return;
    const edition = Math.max(view.edition + 1, revision);
    const edited = new Map(view.mappings);
    for (const mapping of newlySaved) {
      edited.set(mapping.id, mapping);
      removed.delete(mapping.id);
    }
    for (const { id } of newlyDropped) edited.delete(id);
    for (const { id } of [...newlySaved, ...newlyDropped]) {
      revisions.set(id, revision);
      editions.set(id, edition);
    }
    for (const { id } of newlyDropped) remember(id);
    show({ revision: Math.max(view.revision, revision), edition, mappings: edited });
  }

  function remember(id: string): void {
    removed.add(id);
    const [longestGone] = removed;
    if (removed.size <= MAX_REMOVED || longestGone === undefined) return;
    removed.delete(longestGone);
    revisions.delete(longestGone);
    editions.delete(longestGone);
  }

  return {
    mappings$,
    get view() {
      return view;
    },
    editionOf: (id) => editions.get(id) ?? loaded.edition,
    list() {
      // Sorting thousands takes milliseconds: once for each edition is enough.
      if (listed?.edition !== view.edition)
        listed = { edition: view.edition, mappings: [...view.mappings.values()].sort(byDomainAndPort) };
      return listed.mappings;
    },
    findEnabled(id) {
      const mapping = view.mappings.get(id);
      return mapping?.enabled === true ? mapping : undefined;
    },
    load({ revision, mappings }) {
      // The same revision holds the same mappings. Any other is news, a lower one too: a backup was restored.
      if (isLoaded && revision === view.revision) return;
      const edition = Math.max(isLoaded ? view.edition + 1 : 0, revision);
      loaded = { revision, edition };
      isLoaded = true;
      revisions.clear();
      editions.clear();
      removed.clear();
      show({ revision, edition, mappings: new Map(mappings.map((mapping) => [mapping.id, mapping])) });
    },
    apply(write) {
      if (write.isChanged) change({ revision: write.revision, saved: [write.mapping], removed: [] });
    },
    applyMany: change,
    drop(write) {
      if (write.isChanged) change({ revision: write.revision, saved: [], removed: [write.mapping] });
    },
  };
}

/** What the gateway is told: the enabled ones, without their targets. It takes no notice of a number that does not rise. */
export function configOf({ edition, mappings }: MappingsView): ConfigSnapshot {
  return {
    revision: edition,
    mappings: [...mappings.values()].filter(({ enabled }) => enabled).map(wireMappingOf),
  };
}
