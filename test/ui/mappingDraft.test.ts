// The form of a mapping and the API's fields: one into the other, wrong ones beside their field, and two who edit at once.

import { expect, test } from 'vitest';
import { conflictErrors, sayChanged } from '../../ui/pages/mapping/conflict.ts';
import {
  draftOf,
  emptyDraft,
  errorsBeside,
  parseDraft,
  patchBetween,
  rebase,
  type MappingDraft,
} from '../../ui/pages/mapping/mappingDraft.ts';
import { targetDraftOf } from '../../ui/pages/mapping/targetDraft.ts';
import { view } from './mappingViews.ts';

const DRAFT: MappingDraft = {
  ...emptyDraft(),
  externalDomain: 'photos.example.com',
  target: 'http://nas.local:8080',
};

function mappingOf(draft: MappingDraft) {
  const parsed = parseDraft(draft);
  if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
  return parsed.mapping;
}

function errorsOf(draft: MappingDraft) {
  const parsed = parseDraft(draft);
  return 'errors' in parsed ? parsed.errors : {};
}

test('a public name and a target are enough: everything else has a default, the name too', () => {
  expect(mappingOf(DRAFT)).toEqual({
    name: 'photos.example.com',
    externalDomain: 'photos.example.com',
    externalPort: 443,
    internalProtocol: 'http',
    internalHost: 'nas.local',
    internalPort: 8080,
    allowInvalidCertificates: false,
    hostHeader: 'preserve',
    enabled: true,
  });
});

test('a public name that is too long for a name still serves as one', () => {
  const externalDomain = `${'a'.repeat(60)}.${'b'.repeat(60)}.example.com`;
  expect(mappingOf({ ...DRAFT, externalDomain }).name).toHaveLength(100);
});

test.each([
  {},
  { hostHeader: 'target' },
  { hostHeader: 'app.example.com:8080' },
  { internalProtocol: 'https' as const, internalPort: 443, allowInvalidCertificates: true },
  { internalHost: 'fd00::10', externalPort: 8443, enabled: false },
])('a stored mapping comes out of the form as it went in (%o)', (change) => {
  const stored = view(change);
  expect(patchBetween(stored, mappingOf(draftOf(stored)))).toEqual({});
});

test.each([
  [{ externalDomain: '' }, 'externalDomain', /public name/],
  [{ externalDomain: '*.example.com' }, 'externalDomain', /Wildcard/],
  [{ externalDomain: 'https://a.example.com' }, 'externalDomain', /without a scheme/],
  [{ target: '' }, 'target', /Enter where/],
  [{ target: 'http://nas.local:99999' }, 'target', /port/],
  [{ target: 'http://-nas-' }, 'target', /host name/],
  [{ name: 'x'.repeat(101) }, 'name', /1 to 100/],
  [{ externalPort: '' }, 'externalPort', /1 to 65535/],
  [{ externalPort: '1e3' }, 'externalPort', /1 to 65535/],
  [{ hostHeader: 'fixed' as const, fixedHost: 'a/b' }, 'fixedHost', /host name/],
])('%o is wrong beside its own field', (change, field, says) => {
  expect(errorsOf({ ...DRAFT, ...change })).toEqual({ [field]: expect.stringMatching(says) });
});

test('an empty form says what both of its fields need, and nothing else', () => {
  expect(Object.keys(errorsOf(emptyDraft())).sort()).toEqual(['externalDomain', 'target']);
});

test('what the agent says of its fields stands beside those of the form', () => {
  const said = { internalHost: 'host', internalPort: 'port', hostHeader: 'header', '': 'whole', other: 'x' };
  expect(errorsBeside(said, DRAFT)).toEqual({ target: 'host', hostHeader: 'header' });
  expect(errorsBeside(said, { ...DRAFT, hostHeader: 'fixed' })).toEqual({
    target: 'host',
    fixedHost: 'header',
  });
});

test('only what was changed is sent', () => {
  const stored = view();
  const wanted = mappingOf({ ...draftOf(stored), target: 'https://nas.local' });
  expect(patchBetween(stored, wanted)).toEqual({ internalProtocol: 'https', internalPort: 443 });
});

test('what was changed here goes on top of what somebody else has stored, and leaves the rest theirs', () => {
  const before = draftOf(view());
  const mine = { ...before, name: 'Mine', target: 'http://mine:1' };
  const theirs = draftOf(view({ internalHost: 'theirs', enabled: false }));
  expect(rebase(before, mine, theirs)).toEqual({ ...theirs, name: 'Mine', target: 'http://mine:1' });
});

test('a conflict names what they changed, and stands beside what both changed', () => {
  const before = draftOf(view());
  const mine = { ...before, target: 'http://mine:1', name: 'Both' };
  const theirs = { ...before, target: 'http://theirs:1', name: 'Both', enabled: false };
  expect(sayChanged(before, theirs)).toBe('the target, the name and the switch');
  expect(sayChanged(before, before)).toBe('');
  expect(conflictErrors(before, mine, theirs)).toEqual({ target: 'Somebody else entered: http://theirs:1' });
});

test('a target is tried out without a public name that is still being written', () => {
  const tried = { internalProtocol: 'http', internalHost: 'nas.local', internalPort: 8080 };
  expect(targetDraftOf({ ...DRAFT, externalDomain: 'photos.' })).toEqual({
    target: { ...tried, allowInvalidCertificates: false, hostHeader: 'preserve', externalDomain: 'photos' },
  });
  expect(targetDraftOf({ ...DRAFT, externalDomain: '*' })).toEqual({
    target: { ...tried, allowInvalidCertificates: false, hostHeader: 'preserve' },
  });
  expect(targetDraftOf({ ...DRAFT, target: 'nas.local:0' })).toEqual({
    errors: { target: expect.stringMatching(/1 to 65535/) },
  });
});
