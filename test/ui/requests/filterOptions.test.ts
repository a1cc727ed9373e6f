// Owns the test of what the filters of the requests offer.

import { expect, test } from 'vitest';
import { mappingChoices, mappingOptions, MAX_OFFERED } from '../../../ui/pages/requests/filterOptions.ts';
import { view } from '../mappingViews.ts';

const MANY = Array.from({ length: 250 }, (_, n) =>
  view({ id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`, name: `App ${n}` }),
);
const labelsOf = (options: readonly { readonly label: string }[]) => options.map(({ label }) => label);

test('mappings are in the order in which people count', () => {
  expect(labelsOf(mappingChoices(MANY)).slice(1, 4)).toEqual([
    'App 1 (photos.example.com)',
    'App 2 (photos.example.com)',
    'App 3 (photos.example.com)',
  ]);
});

test('of thousands the first are offered, and how many more there are', () => {
  const options = mappingOptions(mappingChoices(MANY), '', '');
  expect(options.length).toBe(MAX_OFFERED + 1);
  expect(options[0]?.label).toBe('All mappings (150 more)');
});

test('a part of a name narrows them down, and what is chosen stays among them', () => {
  const chosen = MANY[7]?.id ?? '';
  const options = mappingOptions(mappingChoices(MANY), ' app 249', chosen);
  expect(labelsOf(options)).toEqual([
    'All mappings',
    'App 249 (photos.example.com)',
    'App 7 (photos.example.com)',
  ]);
});

test('a mapping is called gone only where the others are known', () => {
  expect(labelsOf(mappingOptions([], '', 'x'))[1]).toBe('A mapping that is gone');
  expect(labelsOf(mappingOptions(null, '', 'x'))[1]).toBe('A mapping whose name is not loaded');
});
