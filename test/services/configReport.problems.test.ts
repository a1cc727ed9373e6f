// Owns the tests of what `octoporty config` finds wrong: all of it, each beside its setting.

import { describe, expect, it } from 'vitest';
import { lines, tell } from './configReportStage.ts';
import { AGENT } from './configStage.ts';

describe('octoporty config', () => {
  it('tells everything that is wrong beside its setting, and not only the first', async () => {
    const told = await lines({
      service: 'gateway',
      environment: { OCTOPORTY_AUTH_SECRET: 'short', OCTOPORTY_CADDY_ADMIN_URL: 'http://10.0.0.2:2019' },
      file: 'listenPort: x\nlistnHost: y',
    });
    expect(told[1]).toMatch(/^→ octoporty\.yaml:2: there is no setting "listnHost"/);
    const below = (key: string) => told[told.findIndex((line) => line.startsWith(`${key} `)) + 1];
    expect(below('authSecret')).toMatch(/^ +→ OCTOPORTY_AUTH_SECRET has 5 bytes/);
    expect(below('listenPort')).toMatch(/^ +→ octoporty\.yaml:1: listenPort must be a port/);
    expect(below('caddyAdminUrl')).toMatch(/^ +→ OCTOPORTY_CADDY_ADMIN_URL is plain HTTP/);
    expect(below('gatewayHost')).toMatch(/^ +→ OCTOPORTY_GATEWAY_HOST is not set: with Caddy/);
    expect(told.at(-1)).toBe('5 things are wrong.');
  });

  it('tells what makes a secret unreadable, and goes on', async () => {
    const environment = {
      ...AGENT,
      OCTOPORTY_AUTH_SECRET: undefined,
      OCTOPORTY_AUTH_SECRET_FILE: '/no/such',
    };
    const told = await lines({ service: 'agent', environment });
    expect(told.join('\n')).toContain('→ OCTOPORTY_AUTH_SECRET_FILE: cannot read /no/such (ENOENT).');
    expect(told.at(-1)).toBe('One thing is wrong.');
  });

  it('tells that two mappings are one, beside the second, whatever else is wrong', async () => {
    const told = await lines({
      service: 'agent',
      environment: { ...AGENT, OCTOPORTY_UI_PORT: 'x' },
      file: 'mappings:\n  a.com: http://x\n  A.com: http://y',
    });
    expect(told[told.findIndex((line) => line.startsWith('mappings.A.com ')) + 1]).toMatch(
      /^ +→ octoporty\.yaml:3: mappings names a\.com twice, first at octoporty\.yaml:2: keep one of them/,
    );
    expect(told.at(-1)).toBe('2 things are wrong.');
  });

  it('notes a variable that is probably misspelt, and finds nothing wrong with that', async () => {
    const environment = { ...AGENT, OCTOPORTY_LISTEN_PRT: 'hunter2' };
    const { text, isGood } = await tell({ service: 'agent', environment });
    expect(text.split('\n')[1]).toBe(
      'Note: OCTOPORTY_LISTEN_PRT is none of our variables and has no effect: did you mean OCTOPORTY_LISTEN_PORT?',
    );
    expect(isGood).toBe(true);
    expect(text).not.toContain('hunter2');
    const json = await tell({ service: 'agent', environment, isJson: true });
    expect(JSON.parse(json.text)).toMatchObject({
      problemCount: 0,
      notes: [expect.stringContaining('OCTOPORTY_LISTEN_PRT')],
    });
  });
});
