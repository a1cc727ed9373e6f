// What somebody else has changed while it was edited here, in words.

import { changedFields, type DraftField, type FieldErrors, type MappingDraft } from './mappingDraft.ts';

const NAMES: Readonly<Record<DraftField, string>> = {
  externalDomain: 'public name',
  target: 'target',
  name: 'name',
  enabled: 'switch',
  externalPort: 'public port',
  hostHeader: 'Host header',
  fixedHost: 'host name',
  allowInvalidCertificates: 'certificate check',
};

/** `the target and the name`; empty when nothing is different. */
export function sayChanged(before: MappingDraft, theirs: MappingDraft): string {
  const names = changedFields(before, theirs).map((field) => `the ${NAMES[field]}`);
  const last = names.pop();
  if (last === undefined) return '';
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`;
}

/** Beside each field that both have changed, and not to the same. */
export function conflictErrors(before: MappingDraft, mine: MappingDraft, theirs: MappingDraft): FieldErrors {
  const both = changedFields(before, theirs).filter(
    (field) => before[field] !== mine[field] && mine[field] !== theirs[field],
  );
  return Object.fromEntries(
    both.map((field) => [field, `Somebody else entered: ${sayValue(theirs[field])}`]),
  );
}

function sayValue(value: string | boolean): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return value === '' ? 'nothing' : value;
}
