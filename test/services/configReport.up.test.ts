// Owns the tests of what `octoporty config` tells of `octoporty up`.

import { describe, expect, it } from 'vitest';
import { cells, tell } from './configReportStage.ts';

describe('octoporty config', () => {
  it('tells of "up" what that chooses itself', async () => {
    const { text, isGood } = await tell({ service: 'up', environment: {} });
    expect(isGood).toBe(true);
    expect(cells(text.trim().split('\n'))).toEqual(
      expect.arrayContaining([
        ['authSecret', '(made at the first start)', 'default'],
        ['listenHost', '127.0.0.1', 'default'],
        ['logLevel', 'warn', 'default'],
        ['caddyPort', '8443', 'default'],
      ]),
    );
  });

  it('tells of "up" behind its Caddy which name the gateway has', async () => {
    const { text } = await tell({ service: 'up', environment: {}, hasCaddy: true });
    expect(cells(text.trim().split('\n'))).toContainEqual(['gatewayHost', 'gateway.localhost', 'default']);
  });

  it('tells of "up" that it listens on this machine alone', async () => {
    const { text: told } = await tell({
      service: 'up',
      environment: { OCTOPORTY_UI_HOST: '0.0.0.0' },
      file: 'listenHost: 0.0.0.0',
    });
    expect(told).toContain(
      '→ octoporty.yaml:1: listenHost is 0.0.0.0, but "octoporty up" listens on loopback only',
    );
    expect(told).toContain('→ OCTOPORTY_UI_HOST is 0.0.0.0, but');
  });
});
