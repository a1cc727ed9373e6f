// Owns the tests that `octoporty config` shows no secret and no login, wherever one stands.

import { describe, expect, it } from 'vitest';
import { cells, tell } from './configReportStage.ts';
import { AGENT } from './configStage.ts';

describe('octoporty config', () => {
  it('shows no secret, neither whole nor inside an address', async () => {
    const environment = {
      ...AGENT,
      OCTOPORTY_AUTH_SECRET_PREVIOUS: 'p'.repeat(40),
      OCTOPORTY_STATUS_TOKEN: 'hunter2',
      OCTOPORTY_CONNECTION_STRING: 'mssql://sa:hunter2@db/x',
      HTTPS_PROXY: 'http://me:hunter2@proxy:3128',
      OCTOPORTY_GATEWAY_URL: 'wss://me:hunter2@tunnel.example.com',
    };
    for (const isJson of [false, true]) {
      const { text, isGood } = await tell({ service: 'agent', environment, isJson });
      expect(text).not.toMatch(/hunter2|aaaa|pppp|correct horse/);
      expect(isGood).toBe(false);
    }
  });

  it.each([
    ['http://joe:top@hunter2@proxy:3128', 'http://proxy:3128'],
    ['http://joe:12/hunter2@proxy:3128', 'http://proxy:3128'],
    ['http://joe:12?hunter2@proxy:3128', 'http://proxy:3128'],
    ['http://joe:hunter 2@proxy:3128', 'http://proxy:3128'],
  ])('shows a proxy without its login, whatever signs that holds: %s', async (url, shown) => {
    const { text } = await tell({ service: 'agent', environment: { ...AGENT, HTTPS_PROXY: url } });
    expect(cells(text.split('\n'))).toContainEqual(['HTTPS_PROXY', shown, 'HTTPS_PROXY']);
    expect(text).not.toMatch(/joe|hunter/);
  });

  it('shows nothing of what should be a URL and is none: it may be a login', async () => {
    const { text } = await tell({
      service: 'agent',
      environment: { ...AGENT, OCTOPORTY_GATEWAY_URL: 'wss://joe:top/hunter2@tunnel.example.com' },
      maps: ['a.com=http://joe:top/hunter2@x', 'b.com=joe:hunter2@x'],
    });
    expect(text).toMatch(/^gatewayUrl +set \(hidden\) /m);
    expect(text).not.toMatch(/joe|hunter2/);
  });

  it('shows nothing of what may be a login in a mapping or in a setting', async () => {
    const { text } = await tell({
      service: 'agent',
      environment: { ...AGENT, OCTOPORTY_UI_HOST: 'joe:hunter2@x' },
      maps: ['http://joe:hun=ter2@h', 'joe:hunter2@x=http://y', 'a.com=http://joe:hun=ter2@h'],
    });
    expect(text).toMatch(/^uiHost +set \(hidden\) /m);
    expect(text).not.toMatch(/joe|hun|ter2/);
  });
});
