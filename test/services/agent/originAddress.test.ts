// Which addresses the agent may connect to.

import { networkInterfaces } from 'node:os';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { createAddressGuard, type Resolver } from '../../../services/agent/originAddress.ts';

const OWN_PORT = 5080;

const resolvesTo =
  (...addresses: string[]): Resolver =>
  (_host, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

function guardOf(allowed: string[] = [], resolver?: Resolver) {
  return createAddressGuard(allowed, () => [OWN_PORT], resolver);
}

interface Found {
  readonly error: NodeJS.ErrnoException | null;
  readonly found: string | LookupAddress[];
  readonly family: number | undefined;
}

function lookUp(resolver: Resolver, options: LookupOptions = { all: true }, port = 80): Found {
  let answer: Found | undefined;
  guardOf([], resolver).lookupFor(port)('origin.test', options, (error, found, family) => {
    answer = { error, found, family };
  });
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

describe('an address literal', () => {
  it.each([
    '169.254.169.254',
    '169.254.0.1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::169.254.169.254',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
  ])('%s is forbidden', (host) => {
    expect(guardOf().refusalOf(host, 80)?.code).toBe('origin_forbidden');
  });

  it.each([
    '127.0.0.1',
    '::1',
    '10.0.0.1',
    '192.168.1.1',
    '169.253.0.1',
    '8.8.8.8',
    'fec0::1',
    'fd00:ec2::253',
  ])('%s is allowed', (host) => {
    expect(guardOf().refusalOf(host, 80)).toBeUndefined();
  });

  it('is allowed when the configuration says so, by address or by range, in either form', () => {
    const guard = guardOf(['169.254.7.0/24', '::ffff:169.254.8.1', 'fe80::/64', '127.0.0.1/32']);
    for (const host of ['169.254.7.9', '::ffff:169.254.7.9', '169.254.8.1', 'fe80::9'])
      expect(guard.refusalOf(host, 80)).toBeUndefined();
    for (const host of ['169.254.8.2', 'fe80:0:0:1::9'])
      expect(guard.refusalOf(host, 80)?.code).toBe('origin_forbidden');
    expect(guard.refusalOf('127.0.0.1', OWN_PORT)).toBeUndefined();
  });

  it('of this machine is forbidden on a port of our own, and on no other', () => {
    const mine = Object.values(networkInterfaces()).flatMap((each) =>
      (each ?? []).map(({ address }) => address),
    );
    for (const host of [...mine, '127.9.9.9', '::1', '0.0.0.0', '::', '::ffff:127.0.0.1']) {
      expect([host, guardOf().refusalOf(host, OWN_PORT)?.code]).toEqual([host, 'origin_forbidden']);
    }
    expect(guardOf().refusalOf('127.0.0.1', OWN_PORT + 1)).toBeUndefined();
    expect(guardOf().refusalOf('203.0.113.9', OWN_PORT)).toBeUndefined();
  });

  it('cannot be judged by its text when it is a name', () => {
    expect(guardOf().refusalOf('localhost', OWN_PORT)).toBeUndefined();
  });
});

describe('a name', () => {
  it('leads only to those of its addresses that are allowed', () => {
    const resolver = resolvesTo('169.254.169.254', '10.0.0.1', 'fe80::1', '2001:db8::1');
    expect(lookUp(resolver).found).toEqual([
      { address: '10.0.0.1', family: 4 },
      { address: '2001:db8::1', family: 6 },
    ]);
    expect(lookUp(resolver, {})).toEqual({ error: null, found: '10.0.0.1', family: 4 });
  });

  it('with nothing but forbidden addresses is origin_forbidden', () => {
    expect(lookUp(resolvesTo('169.254.169.254', 'fe80::1')).error?.code).toBe('origin_forbidden');
    expect(lookUp(resolvesTo('127.0.0.1', '::1'), {}, OWN_PORT).error?.code).toBe('origin_forbidden');
  });

  it('that does not resolve fails as the resolver says', () => {
    const error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    expect(lookUp((_host, done) => done(error, [])).error).toBe(error);
  });

  it('asked for by many at once is looked up once, and again afterwards', () => {
    const asked: { host: string; answer: () => void }[] = [];
    const guard = guardOf([], (host, done) => {
      asked.push({ host, answer: () => resolvesTo('10.0.0.1')(host, done) });
    });
    let answers = 0;
    const ask = (host: string) => guard.lookupFor(80)(host, { all: true }, () => (answers += 1));
    for (const host of ['a', 'a', 'b', 'a']) ask(host);
    expect(asked.map(({ host }) => host)).toEqual(['a', 'b']);
    for (const { answer } of asked) answer();
    expect(answers).toBe(4);
    ask('a');
    expect(asked).toHaveLength(3);
  });
});

it('a target that is no address stops the agent where it is configured', () => {
  expect(() => guardOf(['example.com'])).toThrow();
  expect(() => guardOf(['10.0.0.0/99'])).toThrow();
});
