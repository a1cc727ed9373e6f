// What the filters offer; what is chosen is among it, even when it came from an address.

import type { MappingView } from '../../../protocol/api/mappings.ts';
import { sayPublicAddress } from '../../format/addresses.ts';

interface Option {
  readonly value: string;
  readonly label: string;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const CLASSES: readonly Option[] = [
  { value: '1xx', label: '1xx switched' },
  { value: '2xx', label: '2xx done' },
  { value: '3xx', label: '3xx elsewhere' },
  { value: '4xx', label: '4xx refused' },
  { value: '5xx', label: '5xx failed' },
];

export function mappingOptions(mappings: ReadonlyMap<string, MappingView>, chosen: string): Option[] {
  const known = [...mappings.values()]
    .map((mapping) => ({ value: mapping.id, label: `${mapping.name} (${sayPublicAddress(mapping)})` }))
    .sort((one, other) => one.label.localeCompare(other.label));
  return withChosen('All mappings', known, chosen, 'A mapping that is gone');
}

export function methodOptions(chosen: string): Option[] {
  const known = METHODS.map((method) => ({ value: method, label: method }));
  return withChosen('All methods', known, chosen, chosen);
}

export function statusOptions(chosen: string): Option[] {
  return withChosen('All statuses', CLASSES, chosen, chosen);
}

function withChosen(all: string, known: readonly Option[], chosen: string, label: string): Option[] {
  const isKnown = chosen === '' || known.some(({ value }) => value === chosen);
  return [{ value: '', label: all }, ...known, ...(isKnown ? [] : [{ value: chosen, label }])];
}
