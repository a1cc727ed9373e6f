// Owns the property tests of the mappings' routes: what is valid is read back as written, and nothing sent is a fault of ours.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newMappingSchema } from '../../../../protocol/mapping.ts';
import { DRAFT, mappingIn, openMappings, PATH, problemIn } from './mappingStage.ts';

const label = fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?$/).filter(isPlainLabel);
const domain = fc
  .array(label, { minLength: 1, maxLength: 4 })
  .map((labels) => [...labels, 'example'].join('.'))
  .chain((name) => fc.constantFrom(name, `${name}.`));
const port = fc.integer({ min: 1, max: 65_535 });
const host = fc.oneof(domain, fc.ipV4(), fc.ipV6(), fc.constant('localhost'));

const anyDraft = fc.record(
  {
    name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((name) => name.trim() !== ''),
    externalDomain: domain,
    externalPort: port,
    internalHost: host,
    internalPort: port,
    internalProtocol: fc.constantFrom('http', 'https'),
    allowInvalidCertificates: fc.boolean(),
    hostHeader: fc.oneof(
      fc.constantFrom('preserve', 'target'),
      domain,
      fc.tuple(domain, port).map(([name, number]) => `${name}:${number}`),
    ),
    enabled: fc.boolean(),
  },
  { requiredKeys: ['name', 'externalDomain', 'internalHost', 'internalPort', 'internalProtocol'] },
);

test('any valid draft is created, read back as it was normalised, and changes nothing when it is sent again', async () => {
  const { ask } = await openMappings();
  await fc.assert(
    fc.asyncProperty(anyDraft, async (given) => {
      const created = await ask('POST', PATH, { body: given });
      expect(created.status).toBe(201);
      const mapping = mappingIn(created);
      const path = `${PATH}/${mapping.id}`;
      expect(mapping).toMatchObject(newMappingSchema.parse(given));
      expect((await ask('GET', path)).json).toEqual(created.json);
      const again = await ask('PUT', path, { body: given });
      expect([again.status, again.json]).toEqual([200, created.json]);
      expect((await ask('DELETE', path)).status).toBe(204);
    }),
  );
});

const FIELDS = Object.keys(newMappingSchema.shape);

/** A draft of which some fields are anything at all, beside others that nobody knows. */
const anyJunk = fc.oneof(
  fc.jsonValue(),
  fc
    .dictionary(fc.oneof(fc.constantFrom(...FIELDS), fc.string()), fc.oneof(fc.jsonValue(), fc.string()))
    .map((junk) => ({ ...DRAFT, ...junk })),
);

test('whatever is sent is accepted, or refused by the names of its fields, and never a fault of ours', async () => {
  const { ask, has } = await openMappings();
  const { id } = await has({ externalDomain: 'kept.example' });
  await fc.assert(
    fc.asyncProperty(anyJunk, fc.constantFrom('POST', 'PUT', 'PATCH'), async (junk, method) => {
      const body = JSON.stringify(junk);
      const headers = { 'content-type': 'application/json' };
      const answer = await ask(method, method === 'POST' ? PATH : `${PATH}/${id}`, { headers, body });
      if (answer.status < 300) return;
      const problem = problemIn(answer);
      if (problem.code === 'duplicate') return;
      expect(problem).toMatchObject({ status: 400, code: 'invalid' });
      expect(problem.errors).not.toEqual([]);
      for (const error of problem.errors) expect(['', ...FIELDS]).toContain(error.split(':', 1)[0]);
    }),
    { numRuns: 300 },
  );
});

test('whatever the query holds is answered with a page, or refused by the names of its fields', async () => {
  const { ask, has } = await openMappings();
  await has();
  const name = fc.oneof(fc.constantFrom('search', 'enabled', 'limit', 'offset', '__proto__'), fc.string());
  const value = fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom('true', 'false'));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, value)), async (pairs) => {
      const answer = await ask('GET', `${PATH}?${new URLSearchParams(pairs).toString()}`);
      if (answer.status !== 200) expect(problemIn(answer)).toMatchObject({ status: 400, code: 'invalid' });
    }),
    { numRuns: 300 },
  );
});

/** The URL standard's host parser takes a label that begins with xn-- for punycode, which most are not. */
function isPlainLabel(text: string): boolean {
  return !text.toLowerCase().startsWith('xn--');
}
