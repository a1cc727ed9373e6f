// Which mappings are listed, and in which order: as the address holds it, and as it is done.

import type { MappingView, Route } from '../../../protocol/api/mappings.ts';
import { sayPublicAddress, sayTarget } from '../../format/addresses.ts';
import { compareKeys, naturalKey } from '../../format/naturalKey.ts';

export const SORT_KEYS = ['name', 'address', 'target', 'state', 'seen', 'requests'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export const ROUTE_STATES = ['active', 'pending', 'refused', 'offline', 'disabled'] as const;

export interface MappingFilter {
  readonly search: string;
  /** `all`, or those of one state. */
  readonly state: Route['state'] | 'all';
  readonly sort: SortKey;
  readonly isDescending: boolean;
  /** From 1 on. */
  readonly page: number;
}

/** Rows on one page. Raised: a page of many mappings takes longer to draw. */
export const PAGE_ROWS = 50;

export const NO_FILTER: MappingFilter = {
  search: '',
  state: 'all',
  sort: 'address',
  isDescending: false,
  page: 1,
};

/** From an address: what is not understood is left as it is by itself. */
export function filterOf(query: Readonly<Record<string, unknown>>): MappingFilter {
  const { search, state, sort, order, page } = query;
  return {
    search: typeof search === 'string' ? search : NO_FILTER.search,
    state: ROUTE_STATES.find((known) => known === state) ?? NO_FILTER.state,
    sort: SORT_KEYS.find((known) => known === sort) ?? NO_FILTER.sort,
    isDescending: order === 'down',
    page: typeof page === 'string' && /^[1-9]\d{0,5}$/.test(page) ? Number(page) : NO_FILTER.page,
  };
}

/** For an address: only what is not as it is by itself. */
export function queryOf({ search, state, sort, isDescending, page }: MappingFilter): Record<string, string> {
  return {
    ...(search !== '' && { search }),
    ...(state !== NO_FILTER.state && { state }),
    ...(sort !== NO_FILTER.sort && { sort }),
    ...(isDescending && { order: 'down' }),
    ...(page > 1 && { page: String(page) }),
  };
}

/** Those in whose name, public address or target the text is. */
export function searched(mappings: readonly MappingView[], search: string): readonly MappingView[] {
  const wanted = search.trim().toLowerCase();
  if (wanted === '') return mappings;
  return mappings.filter((mapping) =>
    [mapping.name.toLowerCase(), mapping.externalDomain, sayPublicAddress(mapping), sayTarget(mapping)].some(
      (text) => text.includes(wanted),
    ),
  );
}

export function countStates(mappings: readonly MappingView[]): Record<Route['state'], number> {
  const counts = { active: 0, pending: 0, refused: 0, offline: 0, disabled: 0 };
  for (const { route } of mappings) counts[route.state] += 1;
  return counts;
}

/** Those of the state, in order; equal ones by address. */
export function arranged(
  mappings: readonly MappingView[],
  { state, sort, isDescending }: MappingFilter,
): MappingView[] {
  const kept = mappings.filter(({ route }) => state === 'all' || route.state === state);
  const sign = isDescending ? -1 : 1;
  return kept
    .map((mapping) => ({ mapping, key: keyOf(mapping, sort), address: keyOf(mapping, 'address') }))
    .sort((one, other) => sign * compareKeys(one.key, other.key) || compareKeys(one.address, other.address))
    .map(({ mapping }) => mapping);
}

/** The rows of one page; a page that is not there is the last one. */
export function pageOf<T>(
  items: readonly T[],
  page: number,
): { rows: readonly T[]; page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(items.length / PAGE_ROWS));
  const shown = Math.min(page, pages);
  return { rows: items.slice((shown - 1) * PAGE_ROWS, shown * PAGE_ROWS), page: shown, pages };
}

/** What does not change while a mapping is the same object is made once for it: routes move more often. */
const textKeys = new WeakMap<MappingView, Map<SortKey, string | number>>();

function keyOf(mapping: MappingView, sort: SortKey): string | number {
  const keys = textKeys.get(mapping) ?? new Map<SortKey, string | number>();
  textKeys.set(mapping, keys);
  const key = keys.get(sort) ?? KEYS[sort](mapping);
  keys.set(sort, key);
  return key;
}

/** What each order goes by. */
const KEYS: Readonly<Record<SortKey, (mapping: MappingView) => string | number>> = {
  address: ({ externalDomain, externalPort }) => naturalKey(`${externalDomain} ${externalPort}`),
  name: ({ name }) => naturalKey(name),
  target: (mapping) => naturalKey(sayTarget(mapping)),
  // What needs somebody comes first.
  state: ({ route }) => URGENCY[route.state],
  seen: ({ activity }) => activity.lastSeen ?? '',
  requests: ({ activity }) => activity.requestsLastHour,
};

const URGENCY: Readonly<Record<Route['state'], number>> = {
  refused: 0,
  offline: 1,
  pending: 2,
  active: 3,
  disabled: 4,
};
