// Owns the tests of many mappings over HTTP: edited together, exported, imported.

import { expect, test } from 'vitest';
import {
  bulkResultSchema,
  importResultSchema,
  mappingFileSchema,
  type MappingFields,
} from '../../../../protocol/api/bulk.ts';
import { MAX_MAPPINGS } from '../../../../protocol/mapping.ts';
import { ProblemError } from '../../../../services/agent/api/problems.ts';
import { StoreError } from '../../../../services/agent/store/store.ts';
import { DRAFT, openMappings, PATH, problemIn, type MappingStage } from './mappingStage.ts';

const NOWHERE = 'abcdef00-0000-4000-8000-00000000ffff';

async function postBulk({ ask }: MappingStage, ids: readonly string[], action: string) {
  const answer = await ask('POST', `${PATH}/bulk`, { body: { ids, action } });
  expect(answer.status).toBe(200);
  return bulkResultSchema.parse(answer.json);
}

async function postImport({ ask }: MappingStage, body: object) {
  const answer = await ask('POST', `${PATH}/import`, { body });
  expect([answer.status, answer.json]).toEqual([200, expect.anything()]);
  return importResultSchema.parse(answer.json);
}

async function exported({ ask }: MappingStage): Promise<MappingFields[]> {
  return mappingFileSchema.parse((await ask('GET', `${PATH}/export`)).json).mappings;
}

const ENTER_IDS = `ids: Enter the ids of 1 to ${MAX_MAPPINGS} mappings.`;
const ENTER_MAPPINGS = `mappings: Enter a list of at most ${MAX_MAPPINGS} mappings.`;

test('many mappings are switched off in one revision, each told by its id, gone ones too', async () => {
  const stage = await openMappings();
  const [one, other] = [await stage.has(), await stage.has({ externalDomain: 'b.example' })];
  const ids = [one.id, NOWHERE, other.id.toUpperCase(), one.id];
  expect(await postBulk(stage, ids, 'disable')).toEqual({
    results: [
      { id: one.id, result: 'done' },
      { id: NOWHERE, result: 'missing' },
      { id: other.id, result: 'done' },
    ],
    removed: [],
  });
  const { revision, mappings } = stage.memory.snapshot();
  expect([revision, mappings.map(({ enabled }) => enabled)]).toEqual([3, [false, false]]);
  await postBulk(stage, [one.id], 'enable');
  expect(stage.memory.snapshot().mappings.map(({ enabled }) => enabled)).toEqual([true, false]);
});

test('switching what stands like that already is done, and no new revision', async () => {
  const stage = await openMappings();
  const { id } = await stage.has();
  expect((await postBulk(stage, [id], 'enable')).results).toEqual([{ id, result: 'done' }]);
  expect(stage.memory.snapshot().revision).toBe(1);
});

test('what was deleted together is told whole, and an import of it undoes the deletion, ids and all', async () => {
  const stage = await openMappings();
  const mappings = [
    await stage.has({ internalPort: 4000, enabled: false }),
    await stage.has({ externalDomain: 'b.example', hostHeader: 'target' }),
  ];
  const { removed } = await postBulk(
    stage,
    mappings.map(({ id }) => id),
    'delete',
  );
  expect(removed).toEqual(mappings);
  expect(stage.memory.snapshot()).toMatchObject({ revision: 3, mappings: [] });
  await postImport(stage, { mappings: removed });
  const back = stage.memory.snapshot().mappings;
  expect(back.map((mapping) => ({ ...mapping, createdAt: '', updatedAt: '' }))).toEqual(
    mappings.map((mapping) => ({ ...mapping, createdAt: '', updatedAt: '' })),
  );
  expect((await stage.ask('GET', `${PATH}/${mappings[0]?.id}`)).status).toBe(200);
});

test.each([
  [{ ids: [], action: 'enable' }, ENTER_IDS],
  [{ ids: NOWHERE, action: 'enable' }, ENTER_IDS],
  [{ ids: ['mine'], action: 'enable' }, 'ids.0: Enter the id of a mapping.'],
  [{ ids: [NOWHERE], action: 'remove' }, 'action: Enter enable, disable or delete.'],
  [{ action: 'delete' }, ENTER_IDS],
])('the bulk edit %j is refused by its field', async (body, error) => {
  const { ask } = await openMappings();
  expect(problemIn(await ask('POST', `${PATH}/bulk`, { body }))).toEqual({
    status: 400,
    code: 'invalid',
    errors: [error],
  });
});

test('an export is a file of all fields that a person edits, and an import of it changes nothing', async () => {
  const stage = await openMappings();
  await stage.has({ hostHeader: 'target', enabled: false });
  await stage.has({ externalDomain: 'b.example', externalPort: 8443 });
  const answer = await stage.ask('GET', `${PATH}/export`);
  expect(answer.headers['content-disposition']).toBe('attachment; filename="octoporty-mappings.json"');
  const mappings = await exported(stage);
  expect(mappings[0]).toEqual({
    ...DRAFT,
    externalPort: 443,
    allowInvalidCertificates: false,
    hostHeader: 'target',
    enabled: false,
  });
  for (const dryRun of [true, false]) {
    expect(await postImport(stage, { mappings, dryRun, removeOthers: true })).toEqual({
      created: [],
      updated: [],
      unchanged: 2,
      removed: [],
      refused: [],
    });
  }
  expect(stage.memory.snapshot().revision).toBe(2);
});

test('a dry run tells what would change, and the same import changes that in one revision', async () => {
  const stage = await openMappings();
  const changed = await stage.has();
  const other = await stage.has({ externalDomain: 'other.example' });
  await stage.has({ externalDomain: 'same.example' });
  const [before, , same] = await exported(stage);
  const after = { ...before, internalPort: 4000, name: 'Renamed' };
  const added = { ...DRAFT, externalDomain: 'NEW.example.' };
  const stored = { ...before, name: 'App', externalDomain: 'new.example' };
  const asked = { mappings: [added, same, after], removeOthers: true };
  const expected = {
    created: [{ index: 0, id: null, mapping: stored }],
    updated: [{ index: 2, id: changed.id, before, after }],
    unchanged: 1,
    removed: [other],
    refused: [],
  };
  expect(await postImport(stage, { ...asked, dryRun: true })).toEqual(expected);
  expect(stage.memory.snapshot().revision).toBe(3);
  const created = [{ index: 0, id: expect.any(String), mapping: stored }];
  expect(await postImport(stage, asked)).toEqual({ ...expected, created });
  expect(stage.memory.snapshot().revision).toBe(4);
  expect((await exported(stage)).map(({ externalDomain, name }) => [externalDomain, name])).toEqual([
    ['app.example.com', 'Renamed'],
    ['new.example', 'App'],
    ['same.example', 'App'],
  ]);
});

test('without removeOthers the others stay, and the same domain on another port is another mapping', async () => {
  const stage = await openMappings();
  await stage.has();
  const result = await postImport(stage, { mappings: [{ ...DRAFT, externalPort: 8443 }] });
  expect([result.created.length, result.removed]).toEqual([1, []]);
  expect(await exported(stage)).toHaveLength(2);
});

test('every refused entry is told with its place and field: a dry run lists them, an import is refused whole', async () => {
  const stage = await openMappings();
  const { id } = await stage.has();
  stage.reserve('tunnel.example.com');
  const at = (externalDomain: string, more: object = {}) => ({ ...DRAFT, externalDomain, ...more });
  const mappings = [
    at('good.example'),
    at('bad.example', { internalPort: 0, internalProtocol: 'ftp' }),
    'app.example.com',
    at('Good.example'),
    at('tunnel.example.com'),
    at('taken.example', { id }),
    at('twin.example', { id: NOWHERE }),
    at('other-twin.example', { id: NOWHERE }),
    at('odd.example', { id: 'mine' }),
  ];
  const refused = [
    [1, 'internalPort', 'Enter a port: a whole number from 1 to 65535.'],
    [1, 'internalProtocol', 'Enter http or https.'],
    [2, '', 'Enter a mapping: a JSON object.'],
    [8, 'id', 'Enter the UUID of a mapping, or leave it out.'],
    [3, 'externalDomain', 'Entry 1, “App”, has this domain and port too.'],
    [4, 'externalDomain', "This is the gateway's own name: choose another one."],
    [5, 'id', 'Another mapping has this id: leave it out.'],
    [7, 'id', 'Another mapping has this id: leave it out.'],
  ] as const;
  const told = await postImport(stage, { mappings, dryRun: true, removeOthers: true });
  expect(told.refused.map(({ index, field, message }) => [index, field, message])).toEqual(refused);
  expect([told.created.map(({ index }) => index), told.removed]).toEqual([[0, 6], []]);
  const answer = await stage.ask('POST', `${PATH}/import`, { body: { mappings } });
  expect(problemIn(answer)).toEqual({
    status: 400,
    code: 'invalid',
    errors: refused.map(([index, field, message]) =>
      field === '' ? `mappings.${index}: ${message}` : `mappings.${index}.${field}: ${message}`,
    ),
  });
  expect(stage.memory.snapshot().revision).toBe(1);
});

test("a mapping that has the gateway's own name already may be imported as it is", async () => {
  const stage = await openMappings();
  await stage.has({ externalDomain: 'tunnel.example.com' });
  stage.reserve('tunnel.example.com');
  const mappings = [{ ...DRAFT, externalDomain: 'tunnel.example.com', internalPort: 1 }];
  expect((await postImport(stage, { mappings })).updated).toHaveLength(1);
});

test.each([
  ['no list', {}, ENTER_MAPPINGS],
  ['what is no list', { mappings: {} }, ENTER_MAPPINGS],
  ['too many', { mappings: Array.from({ length: MAX_MAPPINGS + 1 }, () => 1) }, ENTER_MAPPINGS],
  ['a dryRun that is no flag', { mappings: [], dryRun: 'yes' }, 'dryRun: Enter true or false.'],
  ['a removeOthers that is no flag', { mappings: [], removeOthers: 1 }, 'removeOthers: Enter true or false.'],
  ['no object', [], ': Send a JSON object.'],
])('an import with %s is refused by its field', async (_what, body, error) => {
  const { ask } = await openMappings();
  expect(problemIn(await ask('POST', `${PATH}/import`, { body }))).toEqual({
    status: 400,
    code: 'invalid',
    errors: [error],
  });
});

test('more mappings than there may be are refused as a whole, in a dry run too', async () => {
  const stage = await openMappings();
  await stage.has();
  const mappings = Array.from({ length: MAX_MAPPINGS }, (_, index) => ({
    ...DRAFT,
    externalDomain: `n${index}.example`,
  }));
  for (const dryRun of [true, false]) {
    const answer = await stage.ask('POST', `${PATH}/import`, { body: { mappings, dryRun } });
    expect(problemIn(answer)).toMatchObject({ status: 409, code: 'full' });
  }
  const { created, removed } = await postImport(stage, { mappings, removeOthers: true });
  expect([created.length, removed.length, stage.memory.snapshot().revision]).toEqual([MAX_MAPPINGS, 1, 2]);
});

test('what somebody else changed between the look and the write is refused whole', async () => {
  const stage = await openMappings({ editMany: () => Promise.reject(new StoreError('stale')) });
  const answer = await stage.ask('POST', `${PATH}/import`, { body: { mappings: [DRAFT] } });
  expect(problemIn(answer)).toMatchObject({ status: 412, code: 'stale' });
});

test.each([
  ['POST', 'bulk', { ids: [NOWHERE], action: 'delete' }, 1_100_000],
  ['POST', 'import', { mappings: [DRAFT] }, 13_000_000],
])('%s %s refuses a body that is too large or no JSON', async (method, path, body, bytes) => {
  const { ask } = await openMappings();
  const large = JSON.stringify({ ...body, more: 'x'.repeat(bytes) });
  const headers = { 'content-type': 'application/json' };
  const answers = [
    await ask(method, `${PATH}/${path}`, { body: large, headers }),
    await ask(method, `${PATH}/${path}`, { body: JSON.stringify(body) }),
    await ask(method, `${PATH}/${path}`, { body: '{', headers }),
  ];
  expect(answers.map((answer) => problemIn(answer).code)).toEqual(['too_large', 'not_json', 'invalid']);
});

test.each([
  ['POST', 'bulk', { ids: [NOWHERE], action: 'delete' }],
  ['GET', 'export', undefined],
  ['POST', 'import', { mappings: [DRAFT] }],
])('%s %s asks for a login, and says when the database is away', async (method, path, body) => {
  const ask = body === undefined ? {} : { body };
  const stage = await openMappings();
  stage.stand('starting');
  expect(problemIn(await stage.ask(method, `${PATH}/${path}`, ask))).toMatchObject({
    status: 503,
    code: 'unavailable',
  });
  stage.stand('lost');
  // What is known is still told.
  expect((await stage.ask(method, `${PATH}/${path}`, ask)).status).toBe(method === 'GET' ? 200 : 503);
  const locked = await openMappings(
    {},
    {
      authenticate: () => {
        throw new ProblemError('unauthenticated');
      },
    },
  );
  expect(problemIn(await locked.ask(method, `${PATH}/${path}`, ask))).toMatchObject({ status: 401 });
});
