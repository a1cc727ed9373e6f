// Owns the tests of how the mappings' routes say no: to bodies, unknown ids, names that are taken, a database that is away.

import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { EDIT_PATIENCE_MS } from '../../../../services/agent/mappingEdits.ts';
import { StoreError } from '../../../../services/agent/store/store.ts';
import { DRAFT, mappingIn, openMappings, PATH, problemIn } from './mappingStage.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const UNKNOWN_ID = '00000000-0000-4000-8000-00000000dead';

/** What one body may hold. */
const MAX_BODY_BYTES = 64 * 1024;

const EDITS = [
  ['POST', PATH],
  ['PUT', `${PATH}/abcdef00-0000-4000-8000-000000000001`],
  ['PATCH', `${PATH}/abcdef00-0000-4000-8000-000000000001`],
] as const;

test.each([
  ['', 'The body is not JSON.'],
  ['{', 'The body is not JSON.'],
  ['{}x', 'The body is not JSON.'],
  ["{'name': 1}", 'The body is not JSON.'],
  ['null', 'Send a JSON object.'],
  ['[]', 'Send a JSON object.'],
  ['"text"', 'Send a JSON object.'],
  ['5', 'Send a JSON object.'],
])('the body %j is refused', async (body, says) => {
  const { ask, has } = await openMappings();
  await has();
  for (const [method, path] of EDITS) {
    const answer = await ask(method, path, { headers: JSON_TYPE, body });
    expect(problemIn(answer)).toEqual({ status: 400, code: 'invalid', errors: [`: ${says}`] });
  }
});

test.each([
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { 'content-type': 'multipart/form-data; boundary=x' },
  { 'content-type': 'json' },
  {},
])('a body of another type is refused: %j', async (headers) => {
  const { ask, has, memory } = await openMappings();
  await has();
  const before = memory.snapshot();
  for (const [method, path] of EDITS) {
    const answer = await ask(method, path, { headers, body: JSON.stringify(DRAFT) });
    expect(problemIn(answer)).toMatchObject({ status: 415, code: 'not_json' });
  }
  expect(memory.snapshot()).toEqual(before);
});

test.each(['application/json; charset=utf-8', 'APPLICATION/JSON'])(
  'a body of the type %s is read',
  async (type) => {
    const { ask } = await openMappings();
    const headers = { 'content-type': type };
    expect((await ask('POST', PATH, { headers, body: JSON.stringify(DRAFT) })).status).toBe(201);
  },
);

test.each([
  ['announced', {}],
  ['sent in chunks', { 'transfer-encoding': 'chunked' }],
])('a body of 64 KiB is read, and one byte more, %s, is too large', async (_how, headers) => {
  const { ask } = await openMappings();
  const body = JSON.stringify(DRAFT).padEnd(MAX_BODY_BYTES);
  const send = (text: string) => ask('POST', PATH, { headers: { ...JSON_TYPE, ...headers }, body: text });
  expect(problemIn(await send(`${body} `))).toMatchObject({ status: 413, code: 'too_large' });
  expect((await send(body)).status).toBe(201);
});

test('whoever leaves in the middle of a body is no fault of ours', async () => {
  const { api, ask } = await openMappings();
  const socket = connect(api.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.end(
    `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
  );
  await vi.waitFor(() => expect(api.logged).toHaveLength(2));
  expect(api.logged).toMatchObject([
    { level: 'debug', message: 'Whoever asked has left before the answer was complete.' },
    { level: 'debug', fields: { code: 'invalid' } },
  ]);
  expect((await ask('GET', PATH)).status).toBe(200);
});

test.each([
  UNKNOWN_ID,
  'junk',
  '1',
  '%zz',
  '%00',
  '..%2f..',
  '%2f',
  'a'.repeat(300),
  '__proto__',
  'constructor',
])('there is no mapping %s', async (id) => {
  const { ask, has, memory } = await openMappings();
  await has();
  const before = memory.snapshot();
  for (const [method, body] of [
    ['GET', undefined],
    ['PUT', { ...DRAFT, externalDomain: 'b.example' }],
    ['PATCH', {}],
    ['DELETE', undefined],
  ] as const) {
    const answer = await ask(method, `${PATH}/${id}`, { body });
    expect([method, problemIn(answer)]).toMatchObject([method, { status: 404, code: 'not_found' }]);
  }
  const headers = { 'if-match': '"2026-01-01T00:00:00.000Z"' };
  expect((await ask('PATCH', `${PATH}/${id}`, { headers, body: {} })).status).toBe(404);
  expect((await ask('DELETE', `${PATH}/${id}`, { headers })).status).toBe(404);
  expect(memory.snapshot()).toEqual(before);
});

test('a domain and port that another mapping has are refused, however they are written', async () => {
  const { ask, has } = await openMappings();
  await has({ externalDomain: 'bücher.example' });
  const { id } = await has({ externalDomain: 'other.example' });
  const externalDomain = 'XN--BCHER-KVA.Example.';
  const taken = {
    status: 409,
    code: 'duplicate',
    errors: ['externalDomain: Another mapping has this domain and port.'],
  };
  expect(problemIn(await ask('POST', PATH, { body: { ...DRAFT, externalDomain } }))).toEqual(taken);
  const path = `${PATH}/${id}`;
  expect(problemIn(await ask('PUT', path, { body: { ...DRAFT, externalDomain } }))).toEqual(taken);
  expect(problemIn(await ask('PATCH', path, { body: { externalDomain } }))).toEqual(taken);
  const other = await ask('POST', PATH, { body: { ...DRAFT, externalDomain, externalPort: 8443 } });
  expect(other.status).toBe(201);
});

test("the gateway's own name is refused, however it is written", async () => {
  const { ask, has, reserve } = await openMappings();
  const { id } = await has();
  reserve('tunnel.example.com');
  const externalDomain = 'Tunnel.Example.COM.';
  const reserved = {
    status: 409,
    code: 'domain_reserved',
    errors: ["externalDomain: This is the gateway's own name: choose another one."],
  };
  expect(problemIn(await ask('POST', PATH, { body: { ...DRAFT, externalDomain } }))).toEqual(reserved);
  const path = `${PATH}/${id}`;
  expect(problemIn(await ask('PUT', path, { body: { ...DRAFT, externalDomain } }))).toEqual(reserved);
  expect(problemIn(await ask('PATCH', path, { body: { externalDomain } }))).toEqual(reserved);
});

test('a store that is full says what to do', async () => {
  const { ask } = await openMappings({ create: () => Promise.reject(new StoreError('full')) });
  const answer = await ask('POST', PATH, { body: DRAFT });
  expect(problemIn(answer)).toEqual({ status: 409, code: 'full', errors: [] });
  expect(answer.text).toContain('There are as many mappings as there may be: remove one first.');
});

const REQUESTS = [
  ['GET', PATH],
  ['GET', `${PATH}/${UNKNOWN_ID}`],
  ['POST', PATH],
  ['PUT', `${PATH}/${UNKNOWN_ID}`],
  ['PATCH', `${PATH}/${UNKNOWN_ID}`],
  ['DELETE', `${PATH}/${UNKNOWN_ID}`],
] as const;

test('before the mappings have been read nobody knows what there is: everything is answered 503', async () => {
  const { ask, stand } = await openMappings();
  stand('starting');
  for (const [method, path] of REQUESTS) {
    const answer = await ask(method, path, hasBody(method) ? { body: DRAFT } : {});
    expect([method, problemIn(answer)]).toMatchObject([method, { status: 503, code: 'unavailable' }]);
    // Who only reads has nothing to be told of changes.
    expect([method, answer.text.includes('nothing was changed')]).toEqual([method, method !== 'GET']);
    expect(answer.headers['retry-after']).toBe('5');
  }
});

test('while the database is lost, what is known is read and edits are answered 503 at once', async () => {
  const { ask, has, stand, memory } = await openMappings();
  const { id } = await has();
  const before = memory.snapshot();
  stand('lost');
  expect((await ask('GET', PATH)).status).toBe(200);
  expect((await ask('GET', `${PATH}/${id}`)).status).toBe(200);
  for (const [method, path] of [...EDITS, ['DELETE', `${PATH}/${id}`]] as const) {
    const answer = await ask(method, path, hasBody(method) ? { body: DRAFT } : {});
    expect(problemIn(answer)).toMatchObject({ status: 503, code: 'unavailable' });
    expect(answer.headers['retry-after']).toBe('5');
  }
  expect(memory.snapshot()).toEqual(before);
  stand('ok');
  expect((await ask('DELETE', `${PATH}/${id}`)).status).toBe(204);
});

test.each(['unavailable', 'corrupt'] as const)(
  'an edit that the store fails as %s is answered 503, without its reason',
  async (code) => {
    const error = new StoreError(code, '/secret/path is locked');
    const { ask, has } = await openMappings({ update: () => Promise.reject(error) });
    const { id } = await has();
    const answer = await ask('PATCH', `${PATH}/${id}`, { body: { enabled: false } });
    expect(problemIn(answer)).toEqual({ status: 503, code: 'unavailable', errors: [] });
    expect(answer.json).toMatchObject({ detail: expect.stringContaining('nothing was changed') });
    expect(answer.text).not.toContain('secret');
  },
);

test('an edit that the database does not answer is unconfirmed, and may be found made later', async () => {
  const committing = Promise.withResolvers<undefined>();
  const stage = await openMappings({
    update: (id, patch) => committing.promise.then(() => stage.memory.update(id, patch)),
  });
  const { ask, has, clock } = stage;
  const { id } = await has();
  const asked = ask('PATCH', `${PATH}/${id}`, { body: { name: 'Late' } });
  await vi.waitFor(() => expect(clock.pending).toBe(1));
  clock.runFor(EDIT_PATIENCE_MS);
  const answer = await asked;
  expect(problemIn(answer)).toMatchObject({ status: 503, code: 'unconfirmed' });
  expect(answer.headers['retry-after']).toBe('5');
  expect(mappingIn(await ask('GET', `${PATH}/${id}`)).name).toBe('App');
  committing.resolve(undefined);
  expect(mappingIn(await ask('GET', `${PATH}/${id}`)).name).toBe('Late');
});

test('a fault of ours is answered 500 without its reason, which the log has whole', async () => {
  const fault = new TypeError('a fault of ours');
  const { api, ask } = await openMappings({ create: () => Promise.reject(fault) });
  const answer = await ask('POST', PATH, { body: DRAFT });
  expect(problemIn(answer)).toEqual({ status: 500, code: 'internal', errors: [] });
  expect(answer.text).not.toContain('fault of ours');
  expect(api.logged).toMatchObject([{ level: 'error', fields: { error: fault } }]);
});

function hasBody(method: string): boolean {
  return method !== 'GET' && method !== 'DELETE';
}
