// Which mappings are listed, and in which order: as the address holds it, and as it is done.

import type { MappingView, Route } from '../../../protocol/api/mappings.ts';
import { sayPublicAddress, sayTarget } from '../../format/addresses.ts';

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
    [mapping.name.toLowerCase(), sayPublicAddress(mapping), sayTarget(mapping)].some((text) =>
      text.includes(wanted),
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
  const compare = ORDERS[sort];
  return kept.sort((one, other) => sign * compare(one, other) || byAddress(one, other));
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

type Compare = (one: MappingView, other: MappingView) => number;

/** By code: ten thousand names are in order before anybody notices, which a collator takes ten times as long for. */
function compareTexts(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

const byAddress: Compare = (one, other) =>
  compareTexts(one.externalDomain, other.externalDomain) || one.externalPort - other.externalPort;

const ORDERS: Readonly<Record<SortKey, Compare>> = {
  address: byAddress,
  name: (one, other) => compareTexts(one.name.toLowerCase(), other.name.toLowerCase()),
  target: (one, other) => compareTexts(sayTarget(one), sayTarget(other)),
  // What needs somebody comes first.
  state: (one, other) => URGENCY[one.route.state] - URGENCY[other.route.state],
  seen: (one, other) => compareTexts(one.activity.lastSeen ?? '', other.activity.lastSeen ?? ''),
  requests: (one, other) => one.activity.requestsLastHour - other.activity.requestsLastHour,
};

const URGENCY: Readonly<Record<Route['state'], number>> = {
  refused: 0,
  offline: 1,
  pending: 2,
  active: 3,
  disabled: 4,
};
