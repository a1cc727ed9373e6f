// An import as a person reads it.

import { expect, test } from 'vitest';
import type { ImportResult, MappingFields } from '../../../protocol/api/bulk.ts';
import {
  changesBetween,
  countOfChanges,
  importGroups,
  sayImport,
  sayRefused,
  withoutRefused,
} from '../../../ui/pages/settings/importView.ts';

const ID = '0198c0de-0000-7000-8000-000000000001';
const NOTHING: ImportResult = { created: [], updated: [], unchanged: 0, removed: [], refused: [] };

function fields(more: Partial<MappingFields> = {}): MappingFields {
  return {
    name: 'Photos',
    externalDomain: 'photos.example.com',
    externalPort: 443,
    internalHost: 'nas.local',
    internalPort: 8080,
    internalProtocol: 'http',
    allowInvalidCertificates: false,
    hostHeader: 'preserve',
    enabled: true,
    ...more,
  };
}

test('a change tells each field that differs, and only those', () => {
  const after = fields({ name: 'Pictures', internalPort: 9090, enabled: false });
  expect(changesBetween(fields(), after)).toEqual([
    { field: 'Name', before: 'Photos', after: 'Pictures' },
    { field: 'Target port', before: '8080', after: '9090' },
    { field: 'Published', before: 'yes', after: 'no' },
  ]);
  expect(changesBetween(fields(), fields())).toEqual([]);
});

test('every field that can be edited is told when it differs', () => {
  const other: MappingFields = {
    name: 'Other',
    externalDomain: 'other.example.com',
    externalPort: 8443,
    internalHost: 'other.local',
    internalPort: 1,
    internalProtocol: 'https',
    allowInvalidCertificates: true,
    hostHeader: 'target',
    enabled: false,
  };
  expect(changesBetween(fields(), other)).toHaveLength(Object.keys(other).length);
});

test('groups come in the order in which they matter, and empty ones do not', () => {
  const result: ImportResult = {
    created: [{ index: 0, id: null, mapping: fields({ externalPort: 8443 }) }],
    updated: [{ index: 1, id: ID, before: fields(), after: fields({ name: 'Pictures' }) }],
    unchanged: 4,
    removed: [
      {
        ...fields({ name: 'Old' }),
        id: ID,
        createdAt: '2026-01-31T12:00:00.000Z',
        updatedAt: '2026-01-31T12:00:00.000Z',
      },
    ],
    refused: [],
  };
  const groups = importGroups(result, []);
  expect(groups.map(({ kind }) => kind)).toEqual(['removed', 'updated', 'created']);
  expect(groups[2]?.items[0]).toMatchObject({
    address: 'photos.example.com:8443',
    target: 'http://nas.local:8080',
  });
  expect(countOfChanges(result)).toBe(3);
  expect(sayImport(result, false)).toBe('1 new, 1 changed, 1 to delete, 4 unchanged');
  expect(sayImport(result, true)).toBe('1 created, 1 changed, 1 deleted, 4 unchanged');
});

test('what is refused is told by name and by its place as people count, once for each entry, with every reason', () => {
  const refused = [
    { index: 3, field: '', message: 'Enter a mapping: a JSON object.' },
    { index: 1, field: 'name', message: 'Enter a name.' },
    { index: 1, field: 'internalPort', message: 'Enter a port.' },
    { index: 1, field: 'id', message: 'Another mapping has this id: leave it out.' },
  ];
  const wiki = { name: 'Wiki', externalDomain: 'wiki.example.com' };
  const [group] = importGroups({ ...NOTHING, refused }, [{}, wiki, {}, 'nonsense']);
  expect(group?.items).toEqual([
    {
      key: '1',
      name: 'Wiki',
      place: 'Entry 2 of the file',
      address: 'wiki.example.com',
      changes: [],
      reasons: [
        'Name: Enter a name.',
        'Target port: Enter a port.',
        'Another mapping has this id: leave it out.',
      ],
    },
    {
      key: '3',
      name: 'Entry 4 of the file',
      address: '',
      changes: [],
      reasons: ['Enter a mapping: a JSON object.'],
    },
  ]);
  expect(withoutRefused(['a', 'b', 'c', 'd'], refused)).toEqual(['a', 'c']);
});

test.each([
  [1, '1 entry is refused'],
  [2, '2 entries are refused'],
])('%d refused: “%s”', (count, says) => {
  expect(sayRefused(count)).toBe(says);
});
