// Owns the tests of the way to the gateway as the configuration has it: through which proxy, trusting whom.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../services/config/proxy.ts';
import type { Variables } from '../../services/config/variables.ts';
import { loadAgentConfig, secretsOf } from '../../services/config.ts';
import { AUTHORITY, TRUSTED } from '../support/certificates.ts';
import { refusal } from './refusal.ts';
import { tempDir } from './spawned.ts';

const GATEWAY = 'wss://tunnel.example.com/tunnel';
const PROXY = 'http://proxy.example.com:3128';

describe('the proxy on the way to the gateway', () => {
  it.each([
    [{ HTTPS_PROXY: PROXY }, GATEWAY, PROXY],
    [{ https_proxy: PROXY }, GATEWAY, PROXY],
    [{ https_proxy: PROXY, HTTPS_PROXY: 'http://other' }, GATEWAY, PROXY],
    [{ ALL_PROXY: PROXY }, GATEWAY, PROXY],
    [{ all_proxy: 'http://other', HTTPS_PROXY: PROXY }, GATEWAY, PROXY],
    [{ HTTPS_PROXY: 'proxy.example.com:3128' }, GATEWAY, PROXY],
    [{ HTTPS_PROXY: 'https://me:pw@proxy.example.com' }, GATEWAY, 'https://me:pw@proxy.example.com'],
    [{ HTTPS_PROXY: '', ALL_PROXY: PROXY }, GATEWAY, PROXY],
    [{ HTTP_PROXY: PROXY }, GATEWAY, undefined],
    [{ HTTP_PROXY: PROXY, HTTPS_PROXY: 'http://other' }, 'ws://10.0.0.1/tunnel', PROXY],
    [{}, GATEWAY, undefined],
  ])('by %j to %s is %s', (environment, gatewayUrl, url) => {
    expect(proxyFor(gatewayUrl, environment)?.url).toBe(url);
  });

  it.each(['ws://localhost:5000/', 'ws://127.0.0.1/', 'wss://[::1]/', 'wss://gateway.localhost/'])(
    'is none to %s, this machine itself',
    (gatewayUrl) => {
      expect(proxyFor(gatewayUrl, { HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY })).toBeNull();
    },
  );

  it.each([
    ['tunnel.example.com', GATEWAY],
    ['TUNNEL.example.COM', GATEWAY],
    ['example.com', GATEWAY],
    ['.example.com', GATEWAY],
    ['*.example.com', GATEWAY],
    ['*', GATEWAY],
    ['a.com, tunnel.example.com:443 b.com', GATEWAY],
    ['tunnel.example.com:8443', 'wss://tunnel.example.com:8443/'],
    ['10.0.0.0/8', 'wss://10.1.2.3/'],
    ['10.1.2.3', 'wss://10.1.2.3/'],
    ['fd00::/8', 'wss://[fd00::5]/'],
    ['fd00::5', 'wss://[fd00::5]/'],
    ['[fd00::5]:443', 'wss://[fd00::5]/'],
  ])('is none where NO_PROXY=%s means %s', (list, gatewayUrl) => {
    for (const name of ['NO_PROXY', 'no_proxy'])
      expect(proxyFor(gatewayUrl, { HTTPS_PROXY: PROXY, [name]: list })).toBeNull();
  });

  it.each([
    ['unnel.example.com', GATEWAY],
    ['ample.com', GATEWAY],
    ['tunnel.example.com:8443', GATEWAY],
    ['', GATEWAY],
    [',', GATEWAY],
    ['.', GATEWAY],
    ['10.0.0.0/8', 'wss://11.1.2.3/'],
    ['1.2.3', 'wss://10.1.2.3/'],
    ['fd00::/8', 'wss://10.1.2.3/'],
    ['10.0.0.0/8', 'wss://10.example.com/'],
  ])('is there although NO_PROXY=%s, which is not %s', (list, gatewayUrl) => {
    expect(proxyFor(gatewayUrl, { HTTPS_PROXY: PROXY, NO_PROXY: list })?.url).toBe(PROXY);
  });

  it.each(['socks5://me:hunter2@proxy:1080', 'http://', 'http://[', 'ftp://proxy'])(
    'must be one that we can go through, not %s',
    (url) => {
      const line = refusal(() => agent({ ALL_PROXY: url }));
      expect(line).toMatch(
        /^ALL_PROXY must name an HTTP proxy, such as .* set NO_PROXY=tunnel\.example\.com\.$/,
      );
      expect(line).not.toContain('hunter2');
    },
  );

  it.each([
    'http://joe:top@hunter2@proxy:x',
    'http://joe:top/hunter2@proxy:3128',
    'http://joe:hunter2',
    'joe:hunter2@[proxy',
    'ftp://joe:to p@hunter2@proxy',
  ])('is refused without a word of a password, whatever signs that holds: %s', (url) => {
    expect(refusal(() => agent({ HTTPS_PROXY: url }))).not.toMatch(/joe|to p|top|hunter2/);
  });

  it('has a password that no log shows', () => {
    const config = agent({ HTTPS_PROXY: 'http://me:p%40w@proxy:3128' });
    expect(config.proxyUrl).toBe('http://me:p%40w@proxy:3128');
    expect(secretsOf(config)).toEqual(expect.arrayContaining(['p%40w', 'p@w']));
  });
});

describe('the authorities of the gateway', () => {
  const refused = (pem: string) => {
    const path = join(tempDir(), 'ca.pem');
    writeFileSync(path, pem);
    return () => agent({ OCTOPORTY_CA_FILE: path });
  };

  it('may be several in one file, with words between', () => {
    expect(refused(`# ours\n${AUTHORITY}\n# theirs\n${TRUSTED}\n`)().caFile).toMatch(/ca\.pem$/);
  });

  it.each([
    ['', /holds no certificate in PEM/],
    ['-----BEGIN PRIVATE KEY-----', /holds no certificate in PEM/],
    [`${AUTHORITY}\n${TRUSTED.replace('MII', 'AAA')}`, /certificate 2 in .*ca\.pem cannot be read/],
  ])('are told when one cannot be read', (pem, words) => {
    expect(refusal(refused(pem))).toMatch(/^OCTOPORTY_CA_FILE: /);
    expect(refusal(refused(pem))).toMatch(words);
  });
});

function agent(environment: Variables) {
  return loadAgentConfig({
    environment: {
      OCTOPORTY_AUTH_SECRET: 'a'.repeat(32),
      OCTOPORTY_GATEWAY_URL: 'wss://tunnel.example.com',
      OCTOPORTY_UI_PASSWORD: 'correct horse',
      ...environment,
    },
  });
}
