// What the list can be ordered by, in words: the heads of its columns.

import type { SortKey } from './mappingFilter.ts';

export const SORT_NAMES: Readonly<Record<SortKey, string>> = {
  name: 'Name',
  address: 'Public address',
  target: 'Target',
  state: 'State',
  seen: 'Last seen',
  requests: 'Last hour',
};
