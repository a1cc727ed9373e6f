// Owns the tests of the configuration of an agent: what it needs, what is refused, and with which words.

import { describe, expect, it } from 'vitest';
import { agent, AGENT } from './configStage.ts';
import { refusal } from './refusal.ts';

describe('an agent', () => {
  it('needs the secret, the gateway and a password', () => {
    expect(agent()).toMatchObject({
      gatewayUrl: 'wss://tunnel.example.com/tunnel',
      uiHost: '127.0.0.1',
      uiPort: 5080,
      uiUsername: 'admin',
      connectTimeoutMs: 10_000,
      connectionString: null,
      allowedTargets: [],
      caFile: null,
      maps: [],
    });
    expect(agent({ OCTOPORTY_DATA_DIR: '/var/lib/octoporty' }).dataDir).toBe('/var/lib/octoporty');
    for (const name of Object.keys(AGENT)) {
      expect(refusal(() => agent({ [name]: undefined }))).toMatch(new RegExp(`^${name} is not set: `));
    }
  });

  it('logs requests for a week, a hundred thousand at most, unless it is told otherwise', () => {
    expect(agent()).toMatchObject({
      isRequestLogOn: true,
      logRetentionMs: 7 * 86_400_000,
      logMaxRows: 100_000,
    });
    const told = {
      OCTOPORTY_REQUEST_LOG: 'false',
      OCTOPORTY_LOG_RETENTION: '12h',
      OCTOPORTY_LOG_MAX_ROWS: '1',
    };
    expect(agent(told)).toMatchObject({ isRequestLogOn: false, logRetentionMs: 43_200_000, logMaxRows: 1 });
  });

  it.each(['0', '-1', '1.5', '1e3', '1000000000', 'all'])('refuses %s as a number of rows', (rows) => {
    expect(refusal(() => agent({ OCTOPORTY_LOG_MAX_ROWS: rows }))).toBe(
      `OCTOPORTY_LOG_MAX_ROWS must be a whole number from 1 to 999999999, not "${rows}".`,
    );
  });

  it.each([
    ['wss://t.example.com', 'wss://t.example.com/tunnel'],
    ['wss://t.example.com:8443/', 'wss://t.example.com:8443/tunnel'],
    ['wss://t.example.com/behind/tunnel', 'wss://t.example.com/behind/tunnel'],
    ['ws://localhost:5000', 'ws://localhost:5000/tunnel'],
    ['ws://127.0.0.1:5000/tunnel', 'ws://127.0.0.1:5000/tunnel'],
    ['ws://[::1]:5000', 'ws://[::1]:5000/tunnel'],
  ])('dials %s at %s', (given, dialled) => {
    expect(agent({ OCTOPORTY_GATEWAY_URL: given }).gatewayUrl).toBe(dialled);
  });

  it.each([
    ['tunnel.example.com', /must be like wss:\/\//],
    ['https://tunnel.example.com', /must be like wss:\/\//],
    ['wss://user:pass@tunnel.example.com', /must not hold a user name or password/],
    ['wss://tunnel.example.com/tunnel?token=x', /must end with its path/],
    ['ws://tunnel.example.com', /is not encrypted: use wss:/],
    ['ws://127.0.0.1.example.com', /is not encrypted: use wss:/],
    ['ws://10.0.0.1', /is not encrypted: use wss:/],
  ])('refuses %s as its gateway', (url, words) => {
    expect(refusal(() => agent({ OCTOPORTY_GATEWAY_URL: url }))).toMatch(words);
  });

  it('dials in plain text only when that is allowed by name', () => {
    const plain = { OCTOPORTY_GATEWAY_URL: 'ws://10.0.0.1', OCTOPORTY_ALLOW_INSECURE: 'true' };
    expect(agent(plain).gatewayUrl).toBe('ws://10.0.0.1/tunnel');
  });

  it('never goes through a proxy to this machine itself', () => {
    expect(agent({ OCTOPORTY_GATEWAY_URL: 'ws://127.0.0.1:5000' }).proxyUrl).toBeNull();
  });

  it('wants a certificate file that is there', () => {
    expect(refusal(() => agent({ OCTOPORTY_CA_FILE: '/nonexistent/ca.pem' }))).toBe(
      'OCTOPORTY_CA_FILE: cannot read /nonexistent/ca.pem (ENOENT).',
    );
  });
});
