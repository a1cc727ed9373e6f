// What the filters offer; what is chosen is among it, even when it came from an address.

import type { MappingView } from '../../../protocol/api/mappings.ts';
import { sayPublicAddress } from '../../format/addresses.ts';
import { sayCount } from '../../format/amounts.ts';
import { compareKeys, naturalKey } from '../../format/naturalKey.ts';

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

/** Offered at once. Raised: a browser takes long to open a list of thousands, and nobody finds anything in it. */
export const MAX_OFFERED = 100;

/** All of them, in order: made once for as long as the mappings are the same. */
export function mappingChoices(mappings: readonly MappingView[]): Option[] {
  return mappings
    .map((mapping) => ({ value: mapping.id, label: `${mapping.name} (${sayPublicAddress(mapping)})` }))
    .map((option) => ({ option, key: naturalKey(option.label) }))
    .sort((one, other) => compareKeys(one.key, other.key))
    .map(({ option }) => option);
}

/** Those in which the text is, the first of them, and in any case the one that is chosen. */
export function mappingOptions(choices: readonly Option[] | null, text: string, chosen: string): Option[] {
  const wanted = text.trim().toLowerCase();
  const found = (choices ?? []).filter(({ label }) => label.toLowerCase().includes(wanted));
  const offered = found.slice(0, MAX_OFFERED);
  const known = choices?.find(({ value }) => value === chosen);
  const label = choices === null ? 'A mapping whose name is not loaded' : 'A mapping that is gone';
  const rest = found.length - offered.length;
  return withChosen(
    rest === 0 ? 'All mappings' : `All mappings (${sayCount(rest)} more)`,
    offered,
    chosen,
    known?.label ?? label,
  );
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
