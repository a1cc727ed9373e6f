// The port of the agent's store: what may be asked of it, and how it fails. Real and simulated stores pass one suite.

import type { Mapping, MappingPatch, NewMapping } from '../../../protocol/mapping.ts';

/**
 * Holds the mappings and their revision. Calls are carried out one after another in the order they were made, so a read
 * sees every write asked for before it. All of them reject with a StoreError when the database is why they failed.
 */
export interface Store {
  /** Connects and migrates. After a failure it may be called again; when open it does nothing. */
  open(): Promise<void>;
  /** Finishes what was asked before, then lets the database go. An open that waits for a lock gives up. */
  close(): Promise<void>;
  /** One consistent snapshot, ordered by domain and port. */
  readAll(): Promise<StoreSnapshot>;
  /** Rejects with `duplicate` when the domain and port are taken, `full` at MAX_MAPPINGS. */
  create(draft: NewMapping): Promise<StoreWrite>;
  /**
   * Gives the mapping with the draft's domain and port the draft's target and scheme and leaves its other fields as
   * edited, or creates it from the whole draft. Rejects with `full` at MAX_MAPPINGS.
   */
  upsertByDomain(draft: NewMapping): Promise<StoreWrite>;
  /**
   * Rejects with `not_found`, with `stale` unless the mapping is as of `expected`, or with `duplicate` when another
   * mapping has the new domain and port.
   */
  update(id: string, patch: MappingPatch, expected?: Version): Promise<StoreWrite>;
  /** Rejects with `not_found` or `stale`. The write tells the mapping as it was. */
  remove(id: string, expected?: Version): Promise<StoreWrite>;
  /**
   * All of them or none, as one revision. Each id comes once at most. Rejects with `stale` when a mapping is not as of
   * `expected`, gone ones included, with `duplicate`, or with `full`.
   */
  editMany(edits: readonly StoreEdit[]): Promise<StoreBulkWrite>;
  /** One cheap read: rejects when the database does not answer. */
  ping(): Promise<void>;
  /** One committed write that changes nothing: rejects unless an edit would be taken right now. */
  probe(): Promise<void>;
}

/** The `updatedAt` that a mapping must have: it rises with every change, so it tells versions apart. */
export type Version = Mapping['updatedAt'];

/** All mappings at one revision. */
export interface StoreSnapshot {
  readonly revision: number;
  readonly mappings: readonly Mapping[];
}

/** What a write led to: by then the mapping and the revision are on disk together. */
export interface StoreWrite {
  /** The revision the mapping is part of: risen by one if anything changed, else as it was. */
  readonly revision: number;
  readonly mapping: Mapping;
  /** False: the mapping had these values already, nothing was written. */
  readonly isChanged: boolean;
}

/** One of many edits. A new mapping may bring its id: that of one that was removed. */
export type StoreEdit =
  | { readonly kind: 'create'; readonly draft: NewMapping; readonly id?: string | undefined }
  | {
      readonly kind: 'update';
      readonly id: string;
      readonly patch: MappingPatch;
      readonly expected?: Version;
    }
  | { readonly kind: 'remove'; readonly id: string; readonly expected?: Version };

/** What many edits led to, together. What had its values already is in none of the lists. */
export interface StoreBulkWrite {
  /** Risen by one if anything changed, else as it was. */
  readonly revision: number;
  readonly saved: readonly Mapping[];
  /** As they were. */
  readonly removed: readonly Mapping[];
  /** Ids of mappings that were to be changed or removed, and are not there. */
  readonly missing: readonly string[];
}

/** Where a store takes time and ids from, so that a simulation decides both. */
export interface StoreSource {
  /** UTC milliseconds since 1970. */
  wallMs(): number;
  /** A UUID never given before. */
  newId(): string;
}

const ERRORS = {
  duplicate: 'Another mapping has this domain and port.',
  not_found: 'There is no such mapping.',
  stale: 'The mapping was changed meanwhile.',
  full: 'The store holds as many mappings as it may: remove one first.',
  unavailable: 'The database cannot be used right now.',
  corrupt: 'The database is damaged: restore it from a backup.',
} as const;

export type StoreErrorCode = keyof typeof ERRORS;

/** Why the store could not do as asked. The message is for the operator's log: it may name files. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** The message without the sentence that the code stands for. */
  readonly detail: string | undefined;

  constructor(code: StoreErrorCode, detail?: string, cause?: unknown) {
    super(
      detail === undefined ? ERRORS[code] : `${ERRORS[code]} ${detail}`,
      cause === undefined ? {} : { cause },
    );
    this.name = 'StoreError';
    this.code = code;
    this.detail = detail;
  }
}
