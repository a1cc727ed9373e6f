// The mappings as a level: what the store holds, in memory, newest revision only.

import { ReplaySubject, type Observable } from 'rxjs';
import type { ConfigSnapshot } from '../../machines/configSync.ts';
import type { Mapping } from '../../protocol/mapping.ts';
import type { StoreSnapshot, StoreWrite } from './store/store.ts';
import { wireMappingOf } from '../../protocol/mapping.ts';

export interface MappingsView {
  readonly revision: number;
  readonly mappings: ReadonlyMap<string, Mapping>;
}

export interface Mappings {
  /** Nothing before the first `load`, then the newest at once and every change. */
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
  const mappings$ = new ReplaySubject<MappingsView>(1);
  let view: MappingsView = { revision: 0, mappings: new Map() };

  function show(next: MappingsView): void {
    view = next;
    mappings$.next(next);
  }

  function change(write: StoreWrite, edit: (mappings: Map<string, Mapping>) => void): void {
    const { revision, mappings } = view;
    if (!write.isChanged || write.revision <= revision) return;
    const edited = new Map(mappings);
    edit(edited);
    show({ revision: write.revision, mappings: edited });
  }

  return {
    mappings$,
    get view() {
      return view;
    },
    findEnabled(id) {
      const mapping = view.mappings.get(id);
      return mapping?.enabled === true ? mapping : undefined;
    },
    load({ revision, mappings }) {
      show({ revision, mappings: new Map(mappings.map((mapping) => [mapping.id, mapping])) });
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
