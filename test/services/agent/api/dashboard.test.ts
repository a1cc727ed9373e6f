// Owns the tests of how the built dashboard is served: to whom, in which form, for how long, and what is no file of it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import {
  dashboardRoutes,
  loadDashboard,
  missingDashboardPage,
  DASHBOARD_POLICY,
} from '../../../../services/agent/api/dashboard.ts';
import { ProblemError } from '../../../../services/agent/api/problems.ts';
import { openApi } from './apiStage.ts';

const INDEX = '<!doctype html><title>Octoporty</title>';
const SCRIPT = 'console.log("the dashboard");';
const ASSET = '/assets/index-DaW363dU.js';

const LOGIN_PLEASE = () => {
  throw new ProblemError('unauthenticated');
};

function createBuild(): string {
  const folder = mkdtempSync(join(tmpdir(), 'octoporty-dashboard-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'assets'));
  mkdirSync(join(folder, '.vite'));
  writeFileSync(join(folder, 'index.html'), INDEX);
  writeFileSync(join(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, '.vite', 'manifest.json'), '{}');
  writeFileSync(join(folder, '.sources'), 'a hash');
  writeFileSync(join(folder, ASSET), SCRIPT);
  writeFileSync(join(folder, `${ASSET}.br`), brotliCompressSync(SCRIPT));
  writeFileSync(join(folder, `${ASSET}.gz`), gzipSync(SCRIPT));
  return folder;
}

async function openBuild() {
  const dashboard = loadDashboard(createBuild());
  if (dashboard === null) throw new Error('no build');
  return openApi({
    open: [dashboardRoutes(dashboard)],
    authenticate: LOGIN_PLEASE,
    missingPage: missingDashboardPage(dashboard),
  });
}

test('a folder without a build is none', () => {
  expect(loadDashboard(join(tmpdir(), 'octoporty-nothing-is-here'))).toBeNull();
});

test.each([
  '/',
  '/login',
  '/mappings',
  '/mappings/new',
  '/requests',
  '/machines',
  '/connections',
  '/settings',
])('the page %s is the dashboard, for everybody, asked for anew each time', async (path) => {
  const { ask } = await openBuild();
  const { status, text, headers } = await ask('GET', path, { headers: { accept: 'text/html' } });
  expect([status, text, headers['cache-control'], headers['content-type']]).toEqual([
    200,
    INDEX,
    'no-cache',
    'text/html; charset=utf-8',
  ]);
});

test('a page may run its own scripts and styles, talk to its own agent, and nothing else', async () => {
  const { ask } = await openBuild();
  const { headers } = await ask('GET', '/');
  expect(headers['content-security-policy']).toBe(DASHBOARD_POLICY);
  expect(DASHBOARD_POLICY).not.toMatch(/unsafe|\*|http|data:|blob:/);
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
});

test.each([
  ['localhost:17080', {}, 'same-origin'],
  ['127.0.0.1', {}, 'same-origin'],
  ['[::1]:17080', {}, 'same-origin'],
  ['agent.localhost', {}, 'same-origin'],
  ['192.168.1.10:17080', {}, undefined],
  ['192.168.1.10', { 'x-forwarded-proto': 'https' }, 'same-origin'],
])(
  'under %s with %j its opener policy is %s: browsers complain where they ignore it',
  async (host, more, policy) => {
    const { ask } = await openBuild();
    const { status, headers } = await ask('GET', '/', { headers: { host, ...more } });
    expect([status, headers['cross-origin-opener-policy']]).toEqual([200, policy]);
  },
);

test('a hashed file is kept for ever, and comes in the best form that the asker reads', async () => {
  const { ask } = await openBuild();
  for (const [accepted, coding] of [
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['identity', undefined],
  ] as const) {
    const { status, headers } = await ask('HEAD', ASSET, { headers: { 'accept-encoding': accepted } });
    expect([accepted, status, headers['content-encoding'], headers.vary]).toEqual([
      accepted,
      200,
      coding,
      'Accept-Encoding',
    ]);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
  }
  expect((await ask('GET', ASSET)).text).toBe(SCRIPT);
});

test('HEAD says what GET would send', async () => {
  const { ask } = await openBuild();
  const [head, get] = [await ask('HEAD', '/'), await ask('GET', '/')];
  expect(head.text).toBe('');
  for (const name of ['content-length', 'content-type', 'etag', 'cache-control'])
    expect([name, head.headers[name]]).toEqual([name, get.headers[name]]);
});

test('who has the file already is told so; another form of it is another file', async () => {
  const { ask } = await openBuild();
  for (const path of ['/', ASSET]) {
    const { headers } = await ask('GET', path);
    const etag = headers.etag ?? '';
    const again = await ask('GET', path, { headers: { 'if-none-match': `"x", ${etag}` } });
    expect([path, again.status, again.text, again.headers.etag]).toEqual([path, 304, '', etag]);
    expect((await ask('GET', path, { headers: { 'if-none-match': '"x"' } })).status).toBe(200);
  }
  const plain = await ask('HEAD', ASSET);
  const gzipped = await ask('HEAD', ASSET, { headers: { 'accept-encoding': 'gzip' } });
  expect(plain.headers.etag).not.toBe(gzipped.headers.etag);
});

test.each([
  '/assets/../index.html',
  '/assets/%2e%2e/index.html',
  '/assets/..%2f..%2fpackage.json',
  '/../../package.json',
  '/assets/',
  '/assets/index-00000000.js',
  '/.sources',
  '/.vite/manifest.json',
  '/index.html.br',
  '/anything',
  '/%00',
  '//example.com/',
])('%s is no file', async (path) => {
  const { ask } = await openBuild();
  const { status, text } = await ask('GET', path);
  expect([path, status, text.includes('<title>')]).toEqual([path, 404, false]);
  const byPerson = await ask('GET', path, { headers: { accept: 'text/html' } });
  expect([path, byPerson.status, byPerson.text]).toEqual([path, 404, INDEX]);
});

test.each(['/api/v1/nothing', '/api/mappings'])('%s is the API, which wants a login', async (path) => {
  const { ask } = await openBuild();
  expect((await ask('GET', path, { headers: { accept: 'text/html' } })).status).toBe(401);
});

test('a page takes no other method', async () => {
  const { ask } = await openBuild();
  expect((await ask('POST', '/mappings')).status).toBe(405);
});

/** As browsers ask when a person goes there. */
const GOING_THERE = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

test.each(['/mapping/abc', '/assets/gone.js', '/mappings.html'])(
  'who goes to %s, where nothing is, hears that from the dashboard',
  async (path) => {
    const { ask } = await openBuild();
    const { status, text, headers } = await ask('GET', path, { headers: GOING_THERE });
    expect([status, text, headers['content-type']]).toEqual([404, INDEX, 'text/html; charset=utf-8']);
    expect(headers['content-security-policy']).toBe(DASHBOARD_POLICY);
    const again = { ...GOING_THERE, 'if-none-match': headers.etag ?? '' };
    expect((await ask('GET', path, { headers: again })).status).toBe(404);
  },
);

test.each([
  ['GET', '/mapping/abc', '*/*'],
  ['GET', '/mapping/abc', 'application/json'],
  ['POST', '/mapping/abc', 'text/html'],
])('%s %s by what reads %s is answered with a problem', async (method, path, accept) => {
  const { ask } = await openBuild();
  const { status, json } = await ask(method, path, { headers: { accept } });
  expect(status).toBe(404);
  expect(json).toMatchObject({ code: 'not_found' });
});

test('of the API nobody gets a page, whatever they read', async () => {
  const { ask } = await openBuild();
  const { status, json } = await ask('GET', '/api/v1/nothing', { headers: GOING_THERE });
  expect(status).toBe(401);
  expect(json).toMatchObject({ code: 'unauthenticated' });
});
