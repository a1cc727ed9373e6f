// Owns the tests of the configuration: what each service needs, what is refused, and with which words.

import { describe, expect, it } from 'vitest';
import type { Variables } from '../../services/config/variables.ts';
import { loadGatewayConfig, loadHealthTarget, secretsOf } from '../../services/config.ts';
import { agent, AGENT, gateway, OTHER_SECRET, SECRET } from './configStage.ts';
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

  it('needs its own name for Caddy, and an admin address that nobody else reaches', () => {
    const caddy = {
      OCTOPORTY_CADDY_ADMIN_URL: 'http://localhost:2019/',
      OCTOPORTY_GATEWAY_HOST: 't.example.com',
    };
    expect(gateway(caddy).caddy).toEqual({
      adminUrl: 'http://localhost:2019',
      upstream: null,
      portMap: new Map(),
      externalPorts: new Set([443, 80]),
      host: 'localhost',
      dnsServers: [],
      logFile: null,
    });
    expect(gateway({ ...caddy, OCTOPORTY_CADDY_ADMIN_URL: 'unix:/run/caddy.sock' }).caddy?.adminUrl).toBe(
      'unix:/run/caddy.sock',
    );
    expect(refusal(() => gateway({ ...caddy, OCTOPORTY_GATEWAY_HOST: '' }))).toMatch(
      /^OCTOPORTY_GATEWAY_HOST is not set: with Caddy/,
    );
    for (const url of [
      'http://admin:secret@localhost:2019',
      'http://localhost:2019/config',
      'http://localhost:2019?a',
    ])
      expect(refusal(() => gateway({ ...caddy, OCTOPORTY_CADDY_ADMIN_URL: url }))).toMatch(
        /^OCTOPORTY_CADDY_ADMIN_URL must end with its port: (?!.*secret)/,
      );
    const beyond = { ...caddy, OCTOPORTY_CADDY_ADMIN_URL: 'http://10.0.0.2:2019' };
    expect(refusal(() => gateway(beyond))).toMatch(
      /^OCTOPORTY_CADDY_ADMIN_URL is plain HTTP beyond this machine/,
    );
    expect(gateway({ ...beyond, OCTOPORTY_ALLOW_INSECURE: 'true' }).caddy?.adminUrl).toBe(
      'http://10.0.0.2:2019',
    );
  });
});

describe('external ports behind Caddy', () => {
  const ports = (text: string) =>
    gateway({
      OCTOPORTY_CADDY_ADMIN_URL: 'unix:/run/caddy.sock',
      OCTOPORTY_GATEWAY_HOST: 't.example.com',
      OCTOPORTY_EXTERNAL_PORTS: text,
    }).caddy?.externalPorts;

  it('are 443, 80 and those that are listed', () => {
    expect(ports('8443, 9000,443')).toEqual(new Set([443, 80, 8443, 9000]));
  });

  it.each(['0', '65536', '8443;9000', 'https', '-1', '8443, 1e3'])('are never %j', (text) => {
    expect(refusal(() => ports(text))).toMatch(
      /^OCTOPORTY_EXTERNAL_PORTS must be a comma-separated list of ports from 1 to 65535, not "/,
    );
  });
});

describe('the look at certificates behind Caddy', () => {
  const caddy = (more: Variables) =>
    gateway({
      OCTOPORTY_CADDY_ADMIN_URL: 'unix:/run/caddy.sock',
      OCTOPORTY_GATEWAY_HOST: 't.example.com',
      ...more,
    }).caddy;

  it('goes to where Caddy listens, by name or address', () => {
    expect(caddy({ OCTOPORTY_CADDY_HOST: 'Caddy' })?.host).toBe('caddy');
    expect(caddy({ OCTOPORTY_CADDY_HOST: '[fd00::5]' })?.host).toBe('fd00::5');
    expect(refusal(() => caddy({ OCTOPORTY_CADDY_HOST: 'caddy:443' }))).toBe(
      'OCTOPORTY_CADDY_HOST is not a host. Enter the name alone: the port has its own field.',
    );
  });

  it('asks the name servers that it is told', () => {
    const servers = '1.1.1.1, 127.0.0.1:5353,2606:4700::1111,[::1]:53,[::1]';
    expect(caddy({ OCTOPORTY_DNS_SERVERS: servers })?.dnsServers).toEqual(servers.split(/, ?/));
  });

  it.each([
    'dns.example',
    '1.1.1',
    '1.1.1.1:0',
    '1.1.1.1:65536',
    '::1:53x',
    '[1.1.1.1]:53',
    'fe80::1%eth0',
    '[::1',
  ])('asks no name server %j', (servers) => {
    expect(refusal(() => caddy({ OCTOPORTY_DNS_SERVERS: servers }))).toMatch(
      /^OCTOPORTY_DNS_SERVERS must be a comma-separated list of addresses such as 1\.1\.1\.1 or \[::1\]:5353, not "/,
    );
  });

  it('reads a log that need not be there yet', () => {
    expect(caddy({ OCTOPORTY_CADDY_LOG: '/nowhere/caddy.log' })?.logFile).toBe('/nowhere/caddy.log');
    expect(caddy({ OCTOPORTY_CADDY_LOG: 'caddy.log' })?.logFile).toBe(`${process.cwd()}/caddy.log`);
  });
});

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

describe('the health check', () => {
  it('asks the service that the environment configures, the gateway when none', () => {
    const target = (environment: Variables) => loadHealthTarget(null, { environment });
    expect(target({})).toEqual({ service: 'gateway', host: '0.0.0.0', port: 5000 });
    expect(target({ OCTOPORTY_UI_PORT: '81' })).toEqual({ service: 'agent', host: '127.0.0.1', port: 81 });
    expect(target({ OCTOPORTY_GATEWAY_URL: 'wss://x' })).toMatchObject({ service: 'agent', port: 5080 });
  });

  it('asks the service it is told, without needing any secret', () => {
    expect(loadHealthTarget('agent', { environment: {} })).toMatchObject({ service: 'agent', port: 5080 });
  });
});

describe('the secrets of a configuration', () => {
  it('are all that the log must never show', () => {
    const config = agent({
      OCTOPORTY_AUTH_SECRET_PREVIOUS: OTHER_SECRET,
      OCTOPORTY_CONNECTION_STRING: 'Server=db;User Id=sa;Password="p;w";Encrypt=true',
    });
    expect(secretsOf(config)).toEqual(expect.arrayContaining([SECRET, OTHER_SECRET, 'correct horse', 'p;w']));
    expect(secretsOf(agent({ OCTOPORTY_CONNECTION_STRING: 'mssql://sa:p%40w@db/x' }))).toEqual(
      expect.arrayContaining(['p%40w', 'p@w']),
    );
    expect(secretsOf(gateway({ OCTOPORTY_STATUS_TOKEN: 'status' }))).toEqual([SECRET, 'status']);
    expect(secretsOf(agent({ OCTOPORTY_STATUS_TOKEN: 'status' }))).toContain('status');
  });
});
