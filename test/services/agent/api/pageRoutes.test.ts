// Owns the tests of the plain status page: whom it is for, and with which policy.

import { expect, test } from 'vitest';
import { pageRoutes } from '../../../../services/agent/api/pageRoutes.ts';
import { STATUS_PAGE_POLICY } from '../../../../services/agent/api/statusPage.ts';
import { openApi } from './apiStage.ts';

const STATUS = {
  state: 'online.lively',
  since: '2026-01-01T00:00:00.000Z',
  lastError: null,
  gatewayUrl: 'wss://tunnel.example',
  gatewayVersion: null,
  version: '1.0.0',
  mappings: [],
};

test('somebody at this machine sees the page, which may load its own style and nothing else', async () => {
  const { ask } = await openApi({ open: [pageRoutes(() => STATUS)] });
  const page = await ask('GET', '/');
  expect([page.status, page.headers['content-security-policy']]).toEqual([200, STATUS_PAGE_POLICY]);
  expect(page.text).toContain('The tunnel is online');
  const style = await ask('GET', '/status.css');
  expect([style.status, style.headers['content-type']]).toEqual([200, 'text/css; charset=utf-8']);
});

test.each(['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'])(
  'who comes through a proxy of this machine, which says %s, does not see the page',
  async (line) => {
    const { ask } = await openApi({ open: [pageRoutes(() => STATUS)] });
    const { status, text } = await ask('GET', '/', { headers: { [line]: '127.0.0.1' } });
    expect([status, text.includes('online')]).toEqual([403, false]);
  },
);

test('a page that cannot be made is answered plainly, logged whole, and still harmless', async () => {
  const { ask, logged } = await openApi({
    open: [
      pageRoutes(() => {
        throw new Error('the status cannot be read');
      }),
    ],
  });
  const { status, text, headers } = await ask('GET', '/');
  expect([status, headers['x-content-type-options'], text.includes('cannot be read')]).toEqual([
    500,
    'nosniff',
    false,
  ]);
  expect(logged.map(({ level }) => level)).toEqual(['error']);
});
