// Owns the tests of the configuration of a gateway: what it needs, what is refused, and with which words.

import { describe, expect, it } from 'vitest';
import { loadGatewayConfig } from '../../services/config.ts';
import { gateway, OTHER_SECRET, SECRET } from './configStage.ts';
import { refusal } from './refusal.ts';

describe('a gateway', () => {
  it('needs nothing but the secret', () => {
    expect(gateway()).toMatchObject({
      listenHost: '0.0.0.0',
      listenPort: 5000,
      authSecrets: [SECRET],
      gatewayHost: null,
      trustedProxies: ['127.0.0.0/8', '::1/128'],
      statusToken: null,
      headTimeoutMs: 60_000,
      sessionLifetimeMs: 900_000,
      sessionRenewMs: 600_000,
      routeLeaseMs: 86_400_000,
      caddy: null,
      drainMs: 30_000,
      logLevel: 'info',
    });
  });

  it('refuses to start without a secret, and with one that could be guessed', () => {
    expect(refusal(() => loadGatewayConfig({ environment: {} }))).toMatch(
      /^OCTOPORTY_AUTH_SECRET is not set: /,
    );
    expect(refusal(() => gateway({ OCTOPORTY_AUTH_SECRET: 'hunter2' }))).toMatch(
      /^OCTOPORTY_AUTH_SECRET has 7 bytes: use at least 32/,
    );
    expect(refusal(() => gateway({ OCTOPORTY_AUTH_SECRET_PREVIOUS: 'hunter2' }))).toMatch(
      /^OCTOPORTY_AUTH_SECRET_PREVIOUS has 7 bytes/,
    );
  });

  it('counts bytes, not characters', () => {
    expect(gateway({ OCTOPORTY_AUTH_SECRET: 'é'.repeat(16) }).authSecrets).toEqual(['é'.repeat(16)]);
  });

  it('accepts the previous secret behind the current one', () => {
    expect(gateway({ OCTOPORTY_AUTH_SECRET_PREVIOUS: OTHER_SECRET }).authSecrets).toEqual([
      SECRET,
      OTHER_SECRET,
    ]);
    expect(gateway({ OCTOPORTY_AUTH_SECRET_PREVIOUS: SECRET }).authSecrets).toEqual([SECRET]);
  });

  it.each([
    ['OCTOPORTY_LISTEN_PORT', '65536', 'OCTOPORTY_LISTEN_PORT must be a port from 0 to 65535, not "65536".'],
    ['OCTOPORTY_LISTEN_PORT', '0x10', 'OCTOPORTY_LISTEN_PORT must be a port from 0 to 65535, not "0x10".'],
    [
      'OCTOPORTY_HEAD_TIMEOUT',
      '60',
      'OCTOPORTY_HEAD_TIMEOUT must be a time such as 500ms, 60s, 5m or 24h, not "60".',
    ],
    [
      'OCTOPORTY_HEAD_TIMEOUT',
      '0s',
      'OCTOPORTY_HEAD_TIMEOUT must be a time such as 500ms, 60s, 5m or 24h, not "0s".',
    ],
    ['OCTOPORTY_ROUTE_LEASE', '365d', 'OCTOPORTY_ROUTE_LEASE must be at most 24d, not "365d".'],
    [
      'OCTOPORTY_LOG_LEVEL',
      'loud',
      'OCTOPORTY_LOG_LEVEL must be one of debug, info, warn, error, silent, not "loud".',
    ],
    ['OCTOPORTY_ALLOW_INSECURE', 'yes', 'OCTOPORTY_ALLOW_INSECURE must be one of true, false, not "yes".'],
  ])('refuses %s=%s in one plain line', (name, value, line) => {
    expect(refusal(() => gateway({ [name]: value }))).toBe(line);
  });

  it.each([
    ['500ms', 500],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['24h', 86_400_000],
  ])('reads %s as %i ms', (text, ms) => {
    expect(gateway({ OCTOPORTY_HEAD_TIMEOUT: text }).headTimeoutMs).toBe(ms);
  });

  it('asks a session to renew itself at two thirds of its life, whatever that is', () => {
    expect(gateway({ OCTOPORTY_SESSION_LIFETIME: '6s' })).toMatchObject({
      sessionLifetimeMs: 6_000,
      sessionRenewMs: 4_000,
    });
    expect(refusal(() => gateway({ OCTOPORTY_SESSION_LIFETIME: 'forever' }))).toMatch(
      /^OCTOPORTY_SESSION_LIFETIME must be a time/,
    );
  });

  it('trusts the proxies it is told, a bare address for itself alone, and none when the list is empty', () => {
    const trusted = (list: string) => gateway({ OCTOPORTY_TRUSTED_PROXIES: list }).trustedProxies;
    expect(trusted('10.0.0.0/8, fd00::/8,192.168.1.1,::1')).toEqual([
      '10.0.0.0/8',
      'fd00::/8',
      '192.168.1.1/32',
      '::1/128',
    ]);
    expect(trusted('')).toEqual([]);
  });

  it.each(['10.0.0.0/33', 'everyone', '10.1', '010.0.0.1', '0x7f.0.0.1', 'fe80::1%eth0'])(
    'refuses %s as a trusted proxy, which two readers would read differently',
    (list) => {
      expect(refusal(() => gateway({ OCTOPORTY_TRUSTED_PROXIES: list }))).toMatch(
        /^OCTOPORTY_TRUSTED_PROXIES must be a comma-separated list of addresses or CIDRs/,
      );
    },
  );

  it('stores its own name as visitors ask for it', () => {
    expect(gateway({ OCTOPORTY_GATEWAY_HOST: 'Tunnel.Example.COM.' }).gatewayHost).toBe('tunnel.example.com');
    expect(refusal(() => gateway({ OCTOPORTY_GATEWAY_HOST: 'https://x' }))).toMatch(
      /^OCTOPORTY_GATEWAY_HOST is not a host name\. /,
    );
  });
});
