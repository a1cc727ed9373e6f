// What an origin is told about the way of a request, and whom the gateway believes.

import { describe, expect, it } from 'vitest';
import { valuesOf } from '../../../protocol/headers.ts';
import { createForwarding } from '../../../services/gateway/forwarded.ts';

const OPTIONS = {
  trustedProxies: ['127.0.0.0/8', '::1/128', '10.0.0.0/8'],
  pseudonym: 'octoporty-Abc',
  isBehindCaddy: false,
};
const forwarding = createForwarding(OPTIONS);

function told(remoteAddress: string, rawHeaders: string[], hostLine = 'a.test', httpVersion = '1.1') {
  const request = { peer: forwarding.peerOf(remoteAddress), hostLine, httpVersion, rawHeaders };
  const headers = forwarding.tell(rawHeaders, request);
  const all = (name: string) => valuesOf(headers, name);
  return { headers, all, address: forwarding.addressOf(request) };
}

describe('a peer', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['::ffff:127.0.0.1', '127.0.0.1', true],
    ['0:0:0:0:0:0:0:1', '::1', true],
    ['fe80::1%eth0', 'fe80::1', false],
    ['203.0.113.9', '203.0.113.9', false],
    [undefined, '', false],
  ])('%s reads as %s, trusted: %s', (remote, address, isTrusted) => {
    expect(forwarding.peerOf(remote)).toEqual({ address, isTrusted });
  });
});

describe('an untrusted peer', () => {
  const spoofed = [
    ...['X-Forwarded-For', '1.2.3.4', 'x-forwarded-for', '5.6.7.8', 'X-Forwarded-Proto', 'https'],
    ...[
      'X-Forwarded-Host',
      'evil.test',
      'Forwarded',
      'for=1.2.3.4',
      'X_Forwarded_For',
      '1.2.3.4',
      'X-Other',
      '1',
    ],
  ];

  it('is told as it is, each line once, its own claims dropped', () => {
    const { headers, address } = told('203.0.113.9', spoofed);
    expect(headers).toEqual([
      ...['X-Other', '1', 'X-Forwarded-For', '203.0.113.9', 'X-Forwarded-Proto', 'http'],
      ...['X-Forwarded-Host', 'a.test', 'Forwarded', 'for=203.0.113.9;host=a.test;proto=http'],
      ...['Via', '1.1 octoporty-Abc'],
    ]);
    expect(address).toBe('203.0.113.9');
  });

  it('with an IPv6 address and a port in its Host is quoted (RFC 7239 §4)', () => {
    const { all } = told('2001:db8::9', [], 'a.test:5000');
    expect(all('forwarded')).toEqual(['for="[2001:db8::9]";host="a.test:5000";proto=http']);
    expect(all('x-forwarded-for')).toEqual(['2001:db8::9']);
  });
});

describe('a trusted peer', () => {
  it('is believed, and its chain extended by its own address', () => {
    const { all, address } = told('127.0.0.1', [
      ...['X-Forwarded-For', '203.0.113.9', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'a.test:8443'],
    ]);
    expect(all('x-forwarded-for')).toEqual(['203.0.113.9, 127.0.0.1']);
    expect(all('x-forwarded-proto')).toEqual(['https']);
    expect(all('x-forwarded-host')).toEqual(['a.test:8443']);
    expect(all('forwarded')).toEqual([
      'for=203.0.113.9;host="a.test:8443";proto=https, for=127.0.0.1;host=a.test;proto=http',
    ]);
    expect(address).toBe('203.0.113.9');
  });

  it('who says nothing is told as it is', () => {
    const { all, address } = told('127.0.0.1', []);
    expect(all('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(all('x-forwarded-proto')).toEqual(['http']);
    expect(address).toBe('127.0.0.1');
  });

  it('has its Forwarded extended when that is how it speaks', () => {
    const { all } = told('127.0.0.1', ['Forwarded', 'for=203.0.113.9;proto=https']);
    expect(all('forwarded')).toEqual(['for=203.0.113.9;proto=https, for=127.0.0.1;host=a.test;proto=http']);
  });

  it("does not pass a visitor's Forwarded off as its own", () => {
    const { all } = told('127.0.0.1', ['Forwarded', 'for=6.6.6.6', 'X-Forwarded-For', '203.0.113.9']);
    expect(all('forwarded').join()).not.toContain('6.6.6.6');
  });

  it.each([
    ['the right-most address that is not trusted', '1.1.1.1, 203.0.113.9, 10.0.0.5', '203.0.113.9'],
    ['the left-most when all are trusted', '10.0.0.9, 10.0.0.5', '10.0.0.9'],
    ['an address without its port', '203.0.113.9:4711', '203.0.113.9'],
    ['an IPv6 address without brackets', '[2001:db8::9]:4711', '2001:db8::9'],
    ['what stands right of garbage', '203.0.113.9, <script>, 10.0.0.5', '10.0.0.5'],
    ['no octal look-alike', '010.0.0.1', '127.0.0.1'],
  ])('gives as the visitor %s', (_, chain, address) => {
    expect(told('127.0.0.1', ['X-Forwarded-For', chain]).address).toBe(address);
  });

  it('may say what is no address: an origin reads unknown', () => {
    const { all } = told('127.0.0.1', ['X-Forwarded-For', 'evil";x=']);
    expect(all('forwarded')[0]).toMatch(/^for=unknown;/);
  });
});

describe('the external port', () => {
  const portOf = (remoteAddress: string, rawHeaders: string[], isBehindCaddy = true) => {
    const told = createForwarding({ ...OPTIONS, isBehindCaddy });
    return told.portOf({
      peer: told.peerOf(remoteAddress),
      hostLine: 'a.test',
      httpVersion: '1.1',
      rawHeaders,
    });
  };

  it('is what our Caddy says', () => {
    expect(portOf('127.0.0.1', ['x-forwarded-port', '8443'])).toBe(8443);
  });

  it.each<[string, string, string[], boolean]>([
    ['a stranger', '203.0.113.9', ['X-Forwarded-Port', '8443'], true],
    [
      'a proxy that is not ours: a visitor may have written it',
      '127.0.0.1',
      ['X-Forwarded-Port', '8443'],
      false,
    ],
    ['nobody', '127.0.0.1', [], true],
    ['two lines', '127.0.0.1', ['X-Forwarded-Port', '80', 'X-Forwarded-Port', '443'], true],
    ['a list', '127.0.0.1', ['X-Forwarded-Port', '80, 443'], true],
    ['a word', '127.0.0.1', ['X-Forwarded-Port', 'https'], true],
  ])('is not known from %s', (_, remoteAddress, rawHeaders, isBehindCaddy) => {
    expect(portOf(remoteAddress, rawHeaders, isBehindCaddy)).toBeNull();
  });

  it('is told to the origin by whom we believe, and by nobody else where it decides', () => {
    const passed = (remoteAddress: string, isBehindCaddy: boolean) => {
      const { peerOf, tell } = createForwarding({ ...OPTIONS, isBehindCaddy });
      const rawHeaders = ['X-Forwarded-Port', '443', 'X_Forwarded_Port', '1'];
      const request = { peer: peerOf(remoteAddress), hostLine: 'a.test', httpVersion: '1.1', rawHeaders };
      return tell(rawHeaders, request).slice(0, -10);
    };
    const all = ['X-Forwarded-Port', '443', 'X_Forwarded_Port', '1'];
    expect(passed('127.0.0.1', true)).toEqual(all);
    expect(passed('203.0.113.9', true)).toEqual([]);
    expect(passed('203.0.113.9', false)).toEqual(all);
  });
});

describe('Via', () => {
  it('is extended, with the version that was received', () => {
    const { all } = told('203.0.113.9', ['Via', '1.1 other'], 'a.test', '1.0');
    expect(all('via')).toEqual(['1.1 other', '1.0 octoporty-Abc']);
  });

  it('that names this gateway is a loop, in any line, place and case', () => {
    expect(forwarding.isLoop(['via', '1.1 a, 2 OCTOPORTY-ABC (x)'])).toBe(true);
    expect(forwarding.isLoop(['Via', '1.1 a', 'Via', '1.1 octoporty-Abc'])).toBe(true);
    expect(forwarding.isLoop(['Via', '1.1 octoporty-Other'])).toBe(false);
  });
});
