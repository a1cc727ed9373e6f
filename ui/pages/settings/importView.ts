// An import as a person reads it: what would be created, changed and deleted, and what is refused.

import type { ImportResult, MappingFields } from '../../../protocol/api/bulk.ts';
import { sayPublicAddress, sayTarget } from '../../format/addresses.ts';
import { sayCount, sayCountOf } from '../../format/amounts.ts';

/** One field that would be another. */
export interface FieldChange {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** One mapping of an import. */
export interface ImportItem {
  readonly key: string;
  readonly name: string;
  /** Empty: it says none that can be read. */
  readonly address: string;
  /** Where it is in the file, as people count; absent where that does not help. */
  readonly place?: string;
  /** Where it leads; absent where that is among the changes, or not known. */
  readonly target?: string;
  readonly changes: readonly FieldChange[];
  /** Why it is refused. */
  readonly reasons: readonly string[];
}

export type ImportKind = 'refused' | 'created' | 'updated' | 'removed';

export interface ImportGroup {
  readonly kind: ImportKind;
  readonly items: readonly ImportItem[];
}

const FIELD_NAMES: Record<keyof MappingFields, string> = {
  name: 'Name',
  externalDomain: 'Domain',
  externalPort: 'Port',
  internalHost: 'Target host',
  internalPort: 'Target port',
  internalProtocol: 'Target protocol',
  allowInvalidCertificates: 'Any certificate of the target',
  hostHeader: 'Host header',
  enabled: 'Published',
};

/** Groups that hold something, in the order in which they matter. */
export function importGroups(result: ImportResult, entries: readonly unknown[]): ImportGroup[] {
  const groups: ImportGroup[] = [
    { kind: 'refused', items: refusedItems(result.refused, entries) },
    { kind: 'removed', items: result.removed.map((each) => itemOf(each, each.id)) },
    {
      kind: 'updated',
      items: result.updated.map(({ id, before, after }) => ({
        key: id,
        name: after.name,
        address: sayPublicAddress(after),
        changes: changesBetween(before, after),
        reasons: [],
      })),
    },
    {
      kind: 'created',
      items: result.created.map(({ index, mapping }) => itemOf(mapping, String(index))),
    },
  ];
  return groups.filter(({ items }) => items.length > 0);
}

/** What differs, field by field, in the order of the form. */
export function changesBetween(before: MappingFields, after: MappingFields): FieldChange[] {
  return fieldsOfMappings()
    .filter((field) => before[field] !== after[field])
    .map((field) => ({
      field: FIELD_NAMES[field],
      before: sayValue(before[field]),
      after: sayValue(after[field]),
    }));
}

/** How many mappings would be others than they are. */
export function countOfChanges({ created, updated, removed }: ImportResult): number {
  return created.length + updated.length + removed.length;
}

/** `2 new, 1 changed, 5 unchanged`; `isDone` says it of what has been done. */
export function sayImport({ created, updated, removed, unchanged }: ImportResult, isDone: boolean): string {
  const parts = [
    { count: created.length, says: isDone ? 'created' : 'new' },
    { count: updated.length, says: 'changed' },
    { count: removed.length, says: isDone ? 'deleted' : 'to delete' },
    { count: unchanged, says: 'unchanged' },
  ];
  return parts
    .filter(({ count }) => count > 0)
    .map(({ count, says }) => `${sayCount(count)} ${says}`)
    .join(', ');
}

/** The entries without those that are refused. */
export function withoutRefused(entries: readonly unknown[], refused: ImportResult['refused']): unknown[] {
  const indexes = new Set(refused.map(({ index }) => index));
  return entries.filter((_entry, index) => !indexes.has(index));
}

/** `1 entry is refused`. */
export function sayRefused(count: number): string {
  return `${sayCountOf(count, 'entry', 'entries')} ${count === 1 ? 'is' : 'are'} refused`;
}

/** Several things may be wrong with one entry. In the order of the file. */
function refusedItems(refused: ImportResult['refused'], entries: readonly unknown[]): ImportItem[] {
  const byIndex = [...Map.groupBy(refused, ({ index }) => index)].sort(([one], [other]) => one - other);
  return byIndex.map(([index, faults]) => {
    const place = `Entry ${index + 1} of the file`;
    const name = textIn(entries[index], 'name');
    return {
      key: String(index),
      name: name ?? place,
      ...(name !== null && { place }),
      address: textIn(entries[index], 'externalDomain') ?? '',
      changes: [],
      reasons: faults.map(({ field, message }) => {
        const named = fieldsOfMappings().find((known) => known === field);
        return named === undefined ? message : `${FIELD_NAMES[named]}: ${message}`;
      }),
    };
  });
}

function itemOf(mapping: MappingFields, key: string): ImportItem {
  return {
    key,
    name: mapping.name,
    address: sayPublicAddress(mapping),
    target: sayTarget(mapping),
    changes: [],
    reasons: [],
  };
}

function fieldsOfMappings(): (keyof MappingFields)[] {
  return Object.keys(FIELD_NAMES).filter((field): field is keyof MappingFields => field in FIELD_NAMES);
}

function sayValue(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

/** What a stranger's entry says of itself. */
function textIn(entry: unknown, field: string): string | null {
  if (typeof entry !== 'object' || entry === null) return null;
  const value: unknown = Object.getOwnPropertyDescriptor(entry, field)?.value;
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}
