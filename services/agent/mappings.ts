// The mappings as a level: what the store holds, in memory, newest revision only.

import { BehaviorSubject, type Observable } from 'rxjs';
import type { ConfigSnapshot } from '../../machines/configSync.ts';
import type { Mapping } from '../../protocol/mapping.ts';
import type { StoreSnapshot, StoreWrite } from './store/store.ts';
import { wireMappingOf } from '../../protocol/mapping.ts';

export interface MappingsView {
  readonly revision: number;
  readonly mappings: ReadonlyMap<string, Mapping>;
}

export interface Mappings {
  readonly mappings$: Observable<MappingsView>;
  readonly view: MappingsView;
  /** An enabled mapping by its id: what a request may reach. */
  findEnabled(id: string): Mapping | undefined;
  /** Replaces everything, as read at start. */
  load(snapshot: StoreSnapshot): void;
  /** What a committed write led to. An older revision than ours changes nothing. */
  apply(write: StoreWrite): void;
  /** The same for a mapping that was removed. */
  drop(write: StoreWrite): void;
}

export function createMappings(): Mappings {
  const mappings$ = new BehaviorSubject<MappingsView>({ revision: 0, mappings: new Map() });

  function change(write: StoreWrite, edit: (mappings: Map<string, Mapping>) => void): void {
    const { revision, mappings } = mappings$.value;
    if (!write.isChanged || write.revision <= revision) return;
    const edited = new Map(mappings);
    edit(edited);
    mappings$.next({ revision: write.revision, mappings: edited });
  }

  return {
    mappings$,
    get view() {
      return mappings$.value;
    },
    findEnabled(id) {
      const mapping = mappings$.value.mappings.get(id);
      return mapping?.enabled === true ? mapping : undefined;
    },
    load({ revision, mappings }) {
      mappings$.next({ revision, mappings: new Map(mappings.map((mapping) => [mapping.id, mapping])) });
    },
    apply(write) {
      change(write, (mappings) => mappings.set(write.mapping.id, write.mapping));
    },
    drop(write) {
      change(write, (mappings) => mappings.delete(write.mapping.id));
    },
  };
}

/** What the gateway is told: the enabled ones, without their targets. */
export function configOf({ revision, mappings }: MappingsView): ConfigSnapshot {
  return { revision, mappings: [...mappings.values()].filter(({ enabled }) => enabled).map(wireMappingOf) };
}
