// Owns the tests of how people are told a problem: in the words that programs get, on a page that holds nothing else.

import { expect, test } from 'vitest';
import { describeProblem } from '../../../../protocol/api/problem.ts';
import { openApi } from './apiStage.ts';

const BY_BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const FOREIGN = { host: '<b>evil.example' };
const UNKNOWN = { host: 'nas.example' };

test('who comes by a name that is not allowed reads on a page what to do', async () => {
  const { ask } = await openApi();
  const { status, text, headers } = await ask('GET', '/mappings', { headers: { ...BY_BROWSER, ...UNKNOWN } });
  const { title } = describeProblem('unknown_name');
  expect([status, headers['content-type']]).toEqual([421, 'text/html; charset=utf-8']);
  expect(text).toContain(`<h1>${title}</h1>`);
  expect(text).not.toContain('nas.example');
  expect(headers['content-security-policy']).toMatch(/^default-src 'none'; .*style-src 'sha256-[\w+/=]+'$/);
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' });
});

test.each([
  ['a program that reads anything', { accept: '*/*', ...UNKNOWN }, 421],
  ['one that says nothing of it', UNKNOWN, 421],
  ['a Host that is none', { ...BY_BROWSER, ...FOREIGN }, 400],
])('%s gets the document', async (_who, headers, status) => {
  const { ask } = await openApi();
  const answer = await ask('GET', '/mappings', { headers });
  expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/problem+json']);
});

test('without a dashboard who goes where nothing is reads that on a page, too', async () => {
  const { ask } = await openApi();
  const { status, text } = await ask('GET', '/mappings', { headers: BY_BROWSER });
  expect(status).toBe(404);
  expect(text).toContain(`<h1>${describeProblem('not_found').title}</h1>`);
});
