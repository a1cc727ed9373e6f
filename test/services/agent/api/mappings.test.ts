// Owns the tests of the mappings over HTTP: listed, read, created, changed, removed, each version told apart.

import { expect, test } from 'vitest';
import { DRAFT, listIn, mappingIn, openMappings, PATH, problemIn } from './mappingStage.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

test('a mapping is created from what has no default, and is found where Location says', async () => {
  const { ask } = await openMappings();
  const created = await ask('POST', PATH, { body: DRAFT });
  expect(created.status).toBe(201);
  const mapping = mappingIn(created);
  expect(mapping).toEqual({
    ...DRAFT,
    id: 'abcdef00-0000-4000-8000-000000000001',
    externalPort: 443,
    allowInvalidCertificates: false,
    hostHeader: 'preserve',
    enabled: true,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    route: { state: 'pending' },
    activity: { lastSeen: null, requestsLastHour: 0 },
  });
  expect(created.headers).toMatchObject({
    location: `${PATH}/${mapping.id}`,
    etag: `"${mapping.updatedAt}"`,
  });
  const read = await ask('GET', `${PATH}/${mapping.id}`);
  expect([read.status, read.json, read.headers.etag]).toEqual([200, created.json, created.headers.etag]);
  const inCapitals = await ask('GET', `${PATH}/${mapping.id.toUpperCase()}`);
  expect(inCapitals.json).toEqual(created.json);
});

test.each([
  ['externalDomain', 'Bücher.Example', 'xn--bcher-kva.example'],
  ['externalDomain', 'APP.Example.COM.', 'app.example.com'],
  ['externalDomain', 'localhost', 'localhost'],
  ['internalHost', 'NAS.Local.', 'nas.local'],
  ['internalHost', 'my_nas', 'my_nas'],
  ['internalHost', '192.168.1.10', '192.168.1.10'],
  ['internalHost', '[FD00:0::10]', 'fd00::10'],
  ['internalHost', 'FD00::0:10', 'fd00::10'],
  ['hostHeader', 'App.Example.com:8080', 'app.example.com:8080'],
  ['hostHeader', 'target', 'target'],
  ['name', '  Büro 🦑 ', 'Büro 🦑'],
])('%s %j is stored as %j, however it is sent', async (field, given, stored) => {
  const { ask, memory } = await openMappings();
  const created = mappingIn(await ask('POST', PATH, { body: { ...DRAFT, [field]: given } }));
  const path = `${PATH}/${created.id}`;
  const put = mappingIn(await ask('PUT', path, { body: { ...DRAFT, [field]: given } }));
  const patched = mappingIn(await ask('PATCH', path, { body: { [field]: given } }));
  for (const mapping of [created, put, patched, memory.snapshot().mappings[0]])
    expect(mapping).toHaveProperty(field, stored);
});

test('PATCH changes what it names and leaves the rest; an empty one changes nothing', async () => {
  const { ask, has, memory } = await openMappings();
  const { id, updatedAt } = await has({ hostHeader: 'target', externalPort: 8443 });
  const patched = await ask('PATCH', `${PATH}/${id}`, { body: { enabled: false } });
  expect([patched.status, patched.json]).toMatchObject([
    200,
    { enabled: false, hostHeader: 'target', externalPort: 8443, route: { state: 'disabled' } },
  ]);
  expect(mappingIn(patched).updatedAt > updatedAt).toBe(true);
  expect(patched.headers.etag).toBe(`"${mappingIn(patched).updatedAt}"`);
  const { revision } = memory.snapshot();
  const empty = await ask('PATCH', `${PATH}/${id}`, { body: {} });
  expect([empty.status, empty.json, empty.headers.etag]).toEqual([200, patched.json, patched.headers.etag]);
  expect(memory.snapshot().revision).toBe(revision);
});

test('PUT replaces all: what is left out gets its default', async () => {
  const { ask, has } = await openMappings();
  const { id, createdAt } = await has({
    hostHeader: 'target',
    externalPort: 8443,
    enabled: false,
    allowInvalidCertificates: true,
  });
  const put = await ask('PUT', `${PATH}/${id}`, { body: { ...DRAFT, internalPort: 4000 } });
  expect([put.status, put.json]).toMatchObject([
    200,
    {
      ...DRAFT,
      id,
      createdAt,
      internalPort: 4000,
      hostHeader: 'preserve',
      externalPort: 443,
      enabled: true,
      allowInvalidCertificates: false,
    },
  ]);
  expect(put.headers.etag).toBe(`"${mappingIn(put).updatedAt}"`);
});

test.each(['PUT', 'PATCH'])(
  'what was read may be sent back whole by %s: read-only fields are ignored',
  async (method) => {
    const { ask, has } = await openMappings();
    const { id } = await has();
    const read = mappingIn(await ask('GET', `${PATH}/${id}`));
    const forged = {
      ...read,
      id: '00000000-0000-4000-8000-00000000beef',
      createdAt: '2001-01-01T00:00:00.000Z',
      updatedAt: '2001-01-01T00:00:00.000Z',
      route: { state: 'active' },
      unknown: 1,
    };
    const same = await ask(method, `${PATH}/${id}`, { body: forged });
    expect([same.status, same.json]).toEqual([200, read]);
    const other = mappingIn(await ask(method, `${PATH}/${id}`, { body: { ...forged, name: 'Other' } }));
    expect(other).toEqual({ ...read, name: 'Other', updatedAt: other.updatedAt });
  },
);

test('a mapping that is removed is gone', async () => {
  const { ask, has, memory } = await openMappings();
  const { id } = await has();
  const removed = await ask('DELETE', `${PATH}/${id}`);
  expect([removed.status, removed.text]).toEqual([204, '']);
  expect(memory.snapshot().mappings).toEqual([]);
  expect((await ask('GET', `${PATH}/${id}`)).status).toBe(404);
  expect((await ask('DELETE', `${PATH}/${id}`)).status).toBe(404);
});

test.each([
  [200, 'no If-Match', () => ({})],
  [200, 'an empty one', () => ({ 'if-match': '' })],
  [200, 'the version', (etag: string) => ({ 'if-match': etag })],
  [200, 'a list with the version', (etag: string) => ({ 'if-match': `"a", ${etag} ,"b"` })],
  [200, 'any version', () => ({ 'if-match': '*' })],
  [412, 'an old version', () => ({ 'if-match': '"2001-01-01T00:00:00.000Z"' })],
  [412, 'a list of others', () => ({ 'if-match': '"a", "b"' })],
  // RFC 9110 §13.1.1: a weak tag never matches here.
  [412, 'the version as a weak tag', (etag: string) => ({ 'if-match': `W/${etag}` })],
  [412, 'the version without quotes', (etag: string) => ({ 'if-match': etag.slice(1, -1) })],
])('%d answers an edit with %s', async (expected, _which, headersFor) => {
  const { ask, has, memory } = await openMappings();
  for (const [method, body] of [
    ['PUT', { ...DRAFT, name: 'Put' }],
    ['PATCH', { name: 'Patched' }],
    ['DELETE', undefined],
  ] as const) {
    const { id } = await has({ externalDomain: `${method}.example` });
    const before = memory.snapshot();
    const { etag = '' } = (await ask('GET', `${PATH}/${id}`)).headers;
    const headers = { ...(body === undefined ? {} : JSON_TYPE), ...headersFor(etag) };
    const answer = await ask(method, `${PATH}/${id}`, { headers, ...(body === undefined ? {} : { body }) });
    expect(answer.status).toBe(expected === 200 && method === 'DELETE' ? 204 : expected);
    if (expected === 412) expect([problemIn(answer).code, memory.snapshot()]).toEqual(['stale', before]);
    else expect(memory.snapshot()).not.toEqual(before);
  }
});

test('of two who edit the same version at once, one hears that the other was first', async () => {
  const { ask, has } = await openMappings();
  const { id, updatedAt } = await has();
  const headers = { 'if-match': `"${updatedAt}"` };
  const answers = await Promise.all(
    ['One', 'Two', 'Three'].map((name) => ask('PATCH', `${PATH}/${id}`, { headers, body: { name } })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
});

test('a version that the store has left behind is stale, although the level still shows it', async () => {
  const { ask, has, memory } = await openMappings();
  const { id, updatedAt } = await has();
  await memory.update(id, { name: 'Somebody else' });
  const headers = { 'if-match': `"${updatedAt}"` };
  const answer = await ask('PATCH', `${PATH}/${id}`, { headers, body: { name: 'Mine' } });
  expect(problemIn(answer)).toMatchObject({ status: 412, code: 'stale' });
  expect(memory.snapshot().mappings).toMatchObject([{ name: 'Somebody else' }]);
});

test('the list is ordered by domain and port, a page at a time, and tells how many there are', async () => {
  const { ask, has } = await openMappings();
  for (const [externalDomain, externalPort] of [
    ['c.example', 443],
    ['a.example', 8443],
    ['b.example', 443],
    ['a.example', 443],
  ] as const)
    await has({ externalDomain, externalPort });
  const all = listIn(await ask('GET', PATH));
  expect(all.items.map((each) => `${each.externalDomain}:${each.externalPort}`)).toEqual([
    'a.example:443',
    'a.example:8443',
    'b.example:443',
    'c.example:443',
  ]);
  expect(all).toMatchObject({ total: 4, items: all.items.map(() => ({ route: { state: 'pending' } })) });
  const page = listIn(await ask('GET', `${PATH}?limit=2&offset=1`));
  expect(page).toEqual({ total: 4, items: all.items.slice(1, 3) });
  expect(listIn(await ask('GET', `${PATH}?offset=4`))).toEqual({ total: 4, items: [] });
});

test('a page holds a hundred unless asked otherwise, and at most five hundred', async () => {
  const { ask, has } = await openMappings();
  for (let index = 0; index < 501; index += 1) await has({ externalDomain: `n${index}.example` });
  const lengthOf = async (query: string) => listIn(await ask('GET', `${PATH}${query}`)).items.length;
  expect(await lengthOf('')).toBe(100);
  expect(await lengthOf('?limit=500')).toBe(500);
});

test.each([
  ['?search=photos', ['photos.example']],
  ['?search=FAMILY', ['photos.example']],
  ['?search=.EXAMPLE', ['files.example', 'off.example', 'photos.example']],
  ['?search=%20nas%20', ['files.example']],
  ['?search=', ['files.example', 'off.example', 'photos.example']],
  ['?search=nothing', []],
  ['?enabled=true', ['files.example', 'photos.example']],
  ['?enabled=false', ['off.example']],
  ['?enabled=false&search=photos', []],
  ['?enabled=true&search=example&limit=1&offset=1', ['photos.example']],
  ['?unknown=1&search=photos&search=files', ['photos.example']],
])('the list asked for with %s holds %j', async (query, domains) => {
  const { ask, has } = await openMappings();
  await has({ externalDomain: 'photos.example', name: 'Family album', internalHost: 'pi' });
  await has({ externalDomain: 'files.example', name: 'Documents', internalHost: 'nas.local' });
  await has({ externalDomain: 'off.example', name: 'Old', internalHost: 'pi', enabled: false });
  const { items } = listIn(await ask('GET', `${PATH}${query}`));
  expect(items.map(({ externalDomain }) => externalDomain)).toEqual(domains);
});

test('total counts all that are asked for, on whatever page', async () => {
  const { ask, has } = await openMappings();
  for (const name of ['one', 'two', 'three']) await has({ externalDomain: `${name}.example` });
  await has({ externalDomain: 'off.example', enabled: false });
  expect(listIn(await ask('GET', `${PATH}?enabled=true&limit=1`)).total).toBe(3);
});

test('HEAD answers as GET would, without the body', async () => {
  const { ask, has } = await openMappings();
  const { id } = await has();
  for (const path of [PATH, `${PATH}/${id}`]) {
    const [head, read] = [await ask('HEAD', path), await ask('GET', path)];
    expect([head.status, head.text]).toEqual([200, '']);
    for (const name of ['etag', 'content-type', 'content-length'])
      expect(head.headers[name]).toBe(read.headers[name]);
  }
});

test.each([
  ['POST', `${PATH}/1`, 'HEAD, GET, PUT, PATCH, DELETE'],
  ['DELETE', PATH, 'HEAD, GET, POST'],
  ['PUT', PATH, 'HEAD, GET, POST'],
  ['PROPFIND', PATH, 'HEAD, GET, POST'],
])('%s %s cannot be done, and the answer names what can: %s', async (method, path, allowed) => {
  const { ask } = await openMappings();
  const answer = await ask(method, path);
  expect(problemIn(answer)).toMatchObject({ status: 405, code: 'method_not_allowed' });
  expect(answer.headers.allow).toBe(allowed);
  const options = await ask('OPTIONS', path);
  expect([options.status, options.text, options.headers.allow]).toEqual([200, '', allowed]);
});
