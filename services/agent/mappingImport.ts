// What an import would change: its entries held against the mappings that are there.

import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  importedMappingSchema,
  mappingFieldsSchema,
  type ImportedMapping,
  type ImportResult,
  type MappingFields,
} from '../../protocol/api/bulk.ts';
import { describeProblem } from '../../protocol/api/problem.ts';
import type { Mapping, NewMapping } from '../../protocol/mapping.ts';
import type { StoreEdit } from './store/store.ts';

/** An entry that was parsed, with its place in the list. */
export interface ImportEntry {
  readonly index: number;
  readonly mapping: ImportedMapping;
}

export type Refused = ImportResult['refused'][number];

export interface ParsedImport {
  readonly entries: readonly ImportEntry[];
  readonly refused: readonly Refused[];
}

/** What is there, and what holds for all entries. */
export interface ImportGround {
  readonly mappings: readonly Mapping[];
  readonly removeOthers: boolean;
  /** The gateway's own name, which no entry may take; null while it is not known. */
  readonly reservedDomain: string | null;
}

/** The edits that carry the result out. */
export interface ImportPlan {
  readonly edits: readonly StoreEdit[];
  readonly result: ImportResult;
}

/** Entries parsed in one go. Raised: the loop that relays stands still for longer, 5 ms at this size. */
const PARSED_AT_ONCE = 100;

/** Entries or mappings that are held against each other in one go. Raised: as above, at about 5 ms too. */
const PLANNED_AT_ONCE = 500;

/** Each entry by itself: what is wrong with one is told with its place. */
export async function parseImport(values: readonly unknown[]): Promise<ParsedImport> {
  const entries: ImportEntry[] = [];
  const refused: Refused[] = [];
  for (const [index, value] of values.entries()) {
    await letOthers(index, PARSED_AT_ONCE);
    const parsed = importedMappingSchema.safeParse(value);
    if (parsed.success) entries.push({ index, mapping: parsed.data });
    else {
      for (const { path, message } of parsed.error.issues)
        refused.push({
          index,
          field: path.map(String).join('.'),
          message: path.length === 0 ? NO_MAPPING : message,
        });
    }
  }
  return { entries, refused };
}

/** Between two slices of a long list the loop is free for others. */
async function letOthers(number: number, atOnce: number): Promise<void> {
  if (number % atOnce === atOnce - 1) await nextTurn();
}

const NO_MAPPING = 'Enter a mapping: a JSON object.';

/** What is edited meanwhile is not seen: the edits name the versions that they are for. */
export async function planImport(
  { entries, refused }: ParsedImport,
  ground: ImportGround,
): Promise<ImportPlan> {
  const there = new Map(ground.mappings.map((mapping) => [placeOf(mapping), mapping]));
  const ids = new Set(ground.mappings.map(({ id }) => id));
  const result: ImportResult = { created: [], updated: [], unchanged: 0, removed: [], refused: [...refused] };
  const edits: StoreEdit[] = [];
  /** Entries by where they lead in from. */
  const places = new Map<string, ImportEntry>();

  function refuse(index: number, field: string, message: string): void {
    result.refused.push({ index, field, message });
  }

  for (const [number, { index, mapping }] of entries.entries()) {
    await letOthers(number, PLANNED_AT_ONCE);
    const { id, ...fields } = mapping;
    const place = placeOf(mapping);
    const twin = places.get(place);
    const before = there.get(place);
    places.set(place, twin ?? { index, mapping });
    if (twin !== undefined) refuse(index, 'externalDomain', sayTwin(twin));
    else if (before !== undefined) noteFound(index, before, fields);
    else if (mapping.externalDomain === ground.reservedDomain)
      refuse(index, 'externalDomain', describeProblem('domain_reserved').title);
    else if (id !== undefined && ids.has(id))
      refuse(index, 'id', 'Another mapping has this id: leave it out.');
    else {
      if (id !== undefined) ids.add(id);
      edits.push({ kind: 'create', draft: fields, id });
      result.created.push({ index, id: null, mapping: fields });
    }
  }

  function noteFound(index: number, mapping: Mapping, after: NewMapping): void {
    const before = fieldsOf(mapping);
    if (isSame(before, after)) {
      result.unchanged += 1;
      return;
    }
    const { id, updatedAt: expected } = mapping;
    edits.push({ kind: 'update', id, patch: after, expected });
    result.updated.push({ index, id, before, after });
  }

  // Which mapping a refused entry means may not be known: then it is not known which are others.
  if (ground.removeOthers && result.refused.length === 0) {
    for (const [number, mapping] of ground.mappings.entries()) {
      await letOthers(number, PLANNED_AT_ONCE);
      if (places.has(placeOf(mapping))) continue;
      edits.push({ kind: 'remove', id: mapping.id, expected: mapping.updatedAt });
      result.removed.push(mapping);
    }
  }
  return { edits, result };
}

/** People count from one. */
function sayTwin({ index, mapping }: ImportEntry): string {
  return `Entry ${index + 1}, “${mapping.name}”, has this domain and port too.`;
}

/** What a person edits of it: as an export tells it. */
export function fieldsOf({
  id: _id,
  createdAt: _createdAt,
  updatedAt: _updatedAt,
  ...fields
}: Mapping): MappingFields {
  return fields;
}

/** What entries are matched by. */
export function placeOf({
  externalDomain,
  externalPort,
}: Pick<Mapping, 'externalDomain' | 'externalPort'>): string {
  return `${externalDomain}:${externalPort}`;
}

const FIELDS = mappingFieldsSchema.keyof().options;

function isSame(before: MappingFields, after: MappingFields): boolean {
  return FIELDS.every((field) => before[field] === after[field]);
}
