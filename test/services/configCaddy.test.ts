// Owns the tests of the configuration of a gateway behind Caddy: its admin API, external ports, the look at certificates.

import { describe, expect, it } from 'vitest';
import type { Variables } from '../../services/config/variables.ts';
import { gateway } from './configStage.ts';
import { refusal } from './refusal.ts';

describe('a gateway', () => {
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
