// Owns the tests of the API's document: it is OpenAPI, it is told to everybody, and answers are held against it.

import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { BACKGROUND_HEADER } from '../../../../protocol/api/session.ts';
import {
  documentedOperations,
  openApiDocument,
  openApiRoutes,
} from '../../../../services/agent/api/openapi.ts';
import { openApi } from './apiStage.ts';
import { expectToConform } from './conforms.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
const ID = '6f2f8a44-9d35-4b53-8a39-0d6ff2c5f001';

/** What OpenAPI 3.1 asks of the parts that we use. */
const parameterSchema = z.strictObject({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  required: z.literal(true).optional(),
  description: z.string().optional(),
  schema: z.record(z.string(), z.unknown()),
});
const contentSchema = z.record(
  z.string().regex(/^application\/(problem\+)?json$/),
  z.strictObject({ schema: z.record(z.string(), z.unknown()) }),
);
const operationSchema = z.strictObject({
  operationId: z.string().regex(/^[a-zA-Z]+$/),
  tags: z.array(z.string()).min(1),
  summary: z.string().min(1),
  description: z.string().optional(),
  security: z.array(z.never()).optional(),
  parameters: z.array(parameterSchema).optional(),
  requestBody: z.strictObject({ required: z.literal(true), content: contentSchema }).optional(),
  responses: z.record(
    z.string().regex(/^[1-5]\d\d$/),
    z.strictObject({
      description: z.string().min(1),
      headers: z.record(z.string(), z.looseObject({ schema: z.record(z.string(), z.unknown()) })).optional(),
      content: contentSchema.optional(),
    }),
  ),
});
const documentSchema = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  paths: z.record(z.string().startsWith('/'), z.record(z.string(), operationSchema)),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  components: z.strictObject({
    schemas: z.record(z.string(), z.record(z.string(), z.unknown())),
    securitySchemes: z.record(z.string(), z.looseObject({ type: z.string() })),
  }),
});

/** As it is sent: what is undefined is not there. */
const sent: unknown = JSON.parse(JSON.stringify(openApiDocument('session')));

function operations() {
  return Object.entries(documentSchema.parse(sent).paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
}

test('the document is built as OpenAPI 3.1 wants it', () => {
  expect(documentSchema.safeParse(sent).error).toBeUndefined();
});

test('every operation has a name of its own, and a path parameter for each placeholder', () => {
  const ids = operations().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, operation } of operations()) {
    const asked = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const given = (operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => name);
    expect(given, path).toEqual(asked);
  }
});

test('whoever is logged in may say that a reading request is no use, and only there', () => {
  const marked = operations().filter(({ operation }) =>
    operation.parameters?.some((each) => each.in === 'header' && each.name === BACKGROUND_HEADER),
  );
  const readable = operations().filter(
    ({ path, method, operation }) =>
      method === 'get' && operation.security === undefined && path.startsWith('/api/'),
  );
  expect(marked).toEqual(readable);
  expect(marked.length).toBeGreaterThan(10);
});

test('every reference leads somewhere, and every security scheme that is asked for exists', () => {
  const { components, security } = documentSchema.parse(sent);
  const references = [...JSON.stringify(sent).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = '']) => to);
  expect(references.length).toBeGreaterThan(20);
  for (const to of references) expect(components.schemas, to).toHaveProperty([to.split('/').at(-1) ?? '']);
  for (const name of security.flatMap((each) => Object.keys(each)))
    expect(components.securitySchemes).toHaveProperty([name]);
});

test('every schema in it is a JSON Schema of the dialect that OpenAPI 3.1 names', () => {
  const ajv = new Ajv2020({ strict: false });
  const schemas = Object.values(documentSchema.parse(sent).components.schemas);
  for (const { operation } of operations()) {
    const contents = [operation.requestBody, ...Object.values(operation.responses)];
    const inline = contents.flatMap((each) => Object.values(each?.content ?? {}));
    for (const { schema } of [...inline, ...(operation.parameters ?? [])]) schemas.push(schema);
  }
  expect(schemas.length).toBeGreaterThan(100);
  for (const schema of schemas) expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true);
  expect(ajv.validateSchema({ type: 'txt' })).toBe(false);
});

test('what the document lists is what it tells, and the hub besides', () => {
  const told = operations().map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(told.toSorted()).toEqual([...documentedOperations(), 'GET /hub/status'].toSorted());
});

test('everybody may read the document, at any time the same', async () => {
  const { ask } = await openApi({
    authenticate: () => {
      throw new Error('Nobody is asked who they are.');
    },
    open: [openApiRoutes('session')],
  });
  const answer = await ask('GET', '/api/v1/openapi.json');
  expect([answer.status, answer.json]).toEqual([200, sent]);
});

test.each([
  ['a body with a field too many', 200, { token: 't', expiresAt: '2026-01-31T12:00:00.000Z', more: 1 }],
  ['a body with a field too few', 200, { token: 't' }],
  ['a time without milliseconds', 200, { token: 't', expiresAt: '2026-01-31T12:00:00Z' }],
  ['a status nobody knows', 418, {}],
])('an answer does not conform with %s', (_what, status, body) => {
  const headers = { ...JSON_HEADERS, 'set-cookie': ['session'] };
  const answer = { status, headers, text: JSON.stringify(body) };
  expect(() => expectToConform('POST /api/v1/auth/login', answer)).toThrow('POST /api/v1/auth/login');
});

test('an answer does not conform without a header it must have, with a body where there is none, or as another type', () => {
  const loggedIn = JSON.stringify({ token: 't', expiresAt: '2026-01-31T12:00:00.000Z' });
  const asked = (operation: string, status: number, headers: Record<string, string>, text: string) => () => {
    expectToConform(operation, { status, headers, text });
  };
  expect(asked('POST /api/v1/auth/login', 200, JSON_HEADERS, loggedIn)).toThrow(
    'lacks the header Set-Cookie',
  );
  expect(asked('POST /api/v1/auth/logout', 204, {}, 'bye')).toThrow('no body');
  expect(asked('GET /api/v1/mappings/12?x=1', 404, JSON_HEADERS, '{}')).toThrow('application/problem+json');
  expect(asked('DELETE /api/v1/mappings/12', 204, {}, '')).not.toThrow();
});

test('a path without a parameter is not taken for one with it, and ids of machines may hold slashes', () => {
  const problem = (status: number) => ({
    status,
    headers: { 'content-type': 'application/problem+json' },
    text: JSON.stringify({ type: 'about:blank', status, title: 'No.', code: 'not_found' }),
  });
  // Only a stored mapping can be unknown; a draft has no id.
  expect(() => expectToConform(`POST /api/v1/mappings/${ID}/test`, problem(404))).not.toThrow();
  expect(() => expectToConform('POST /api/v1/mappings/test', problem(404))).toThrow('no 404 here');
  expect(() => expectToConform('GET /api/v1/machines/connection/attempt.1', problem(404))).not.toThrow();
  expect(() => expectToConform('GET /api/v1/machines/connection/attempt.1', problem(409))).toThrow('no 409');
});

test('where the document knows nothing, a problem still has the form of one', () => {
  const headers = { 'content-type': 'application/problem+json; charset=utf-8' };
  const asked = (text: string) => () => expectToConform('PUT /nowhere', { status: 404, headers, text });
  expect(asked('{"type":"about:blank"}')).toThrow('PUT /nowhere');
  expect(asked('{"type":"about:blank","status":404,"title":"No.","code":"not_found"}')).not.toThrow();
});
