// What is read from a file of mappings, and what is written into one.

import { expect, test } from 'vitest';
import {
  mappingFileName,
  readMappingFile,
  writeMappingFile,
} from '../../../ui/pages/settings/mappingFile.ts';

const MAPPING = {
  name: 'Photos',
  externalDomain: 'photos.example.com',
  externalPort: 443,
  internalHost: 'nas.local',
  internalPort: 8080,
  internalProtocol: 'http' as const,
  allowInvalidCertificates: false,
  hostHeader: 'preserve',
  enabled: true,
};

test('what is exported is read as it was', () => {
  expect(readMappingFile(writeMappingFile({ mappings: [MAPPING] }))).toEqual({ entries: [MAPPING] });
});

test('a list alone is taken too, and a byte order mark in front of either', () => {
  expect(readMappingFile('[{"name":"Photos"}]')).toEqual({ entries: [{ name: 'Photos' }] });
  expect(readMappingFile('\uFEFF{"mappings":[1]}')).toEqual({ entries: [1] });
});

test.each([
  ['', /no JSON/],
  ['{"mappings":[', /no JSON/],
  ['{}', /holds no mappings/],
  ['"mappings"', /holds no mappings/],
  ['null', /holds no mappings/],
  ['{"mappings":{"0":{}}}', /holds no mappings/],
  ['{"mappings":[]}', /no mapping in this file/],
])('a file of %j is refused in words', (text, says) => {
  const read = readMappingFile(text);
  expect('problem' in read ? read.problem : '').toMatch(says);
});

test('a file is named by the reader’s own day', () => {
  const noon = new Date(2026, 0, 31, 12).getTime();
  expect(mappingFileName(noon)).toBe('octoporty-mappings-2026-01-31.json');
  expect(mappingFileName(new Date(2026, 0, 31, 23, 59).getTime())).toBe('octoporty-mappings-2026-01-31.json');
});
