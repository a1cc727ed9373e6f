// Owns the tests of what DNS is asked about a published name, and what is made of the answers.

import { expect, onTestFinished, test } from 'vitest';
import { createNameCheck, isLocal } from '../../../services/gateway/nameCheck.ts';
import { SimulatedClock } from '../../simulation/simulatedClock.ts';
import { startDnsServer, type Records } from '../../support/dnsServer.ts';

const OWN = '203.0.113.5';
const OTHER = '198.51.100.7';
const NOTHING_MORE = { ownAddresses: [OWN], caa: null };

async function checking(zone: Record<string, Records>, gatewayHost: string | null = 'gw.example') {
  const server = await startDnsServer({ 'gw.example': { A: [OWN] }, ...zone });
  onTestFinished(() => server.stop());
  const clock = new SimulatedClock();
  const names = createNameCheck({ clock, servers: [server.address], gatewayHost });
  onTestFinished(() => names.close());
  return { server, clock, names, check: (name: string) => names.check(name) };
}

test('a name without an address has none', async () => {
  const { check } = await checking({ 'empty.example': {} });
  const none = { kind: 'none', addresses: [], ...NOTHING_MORE };
  expect(await check('missing.example')).toEqual(none);
  expect(await check('empty.example')).toEqual(none);
});

test('a name that leads to the gateway by one of its addresses is here, any other elsewhere', async () => {
  const { check } = await checking({
    'a.example': { A: [OTHER, OWN] },
    'b.example': { A: [OTHER], AAAA: ['2001:db8:0:0:0:0:0:7'] },
  });
  expect(await check('a.example')).toEqual({ kind: 'here', addresses: [OTHER, OWN], ...NOTHING_MORE });
  expect(await check('b.example')).toEqual({
    kind: 'elsewhere',
    addresses: [OTHER, '2001:db8::7'],
    ...NOTHING_MORE,
  });
});

test('addresses in another order are the same answer', async () => {
  const { check, server } = await checking({ 'a.example': { A: [OTHER, '198.51.100.8'] } });
  const before = await check('a.example');
  server.zone.set('a.example', { A: ['198.51.100.8', OTHER] });
  expect(await check('a.example')).toEqual(before);
});

test.each([null, 'gateway.localhost', 'missing.example'])(
  'where the gateway’s own addresses cannot be told (%j), any address will do',
  async (gatewayHost) => {
    const { check } = await checking({ 'a.example': { A: [OTHER] } }, gatewayHost);
    expect(await check('a.example')).toEqual({
      kind: 'here',
      addresses: [OTHER],
      ownAddresses: [],
      caa: null,
    });
  },
);

test('the gateway’s own addresses are asked for again after half a minute', async () => {
  const { check, server, clock } = await checking({ 'a.example': { A: [OTHER] } });
  await check('a.example');
  server.zone.set('gw.example', { A: [OTHER] });
  expect((await check('a.example')).kind).toBe('elsewhere');
  clock.runFor(30_000);
  expect((await check('a.example')).kind).toBe('here');
});

test('of a server that is silent nothing is concluded', { timeout: 20_000 }, async () => {
  const { check, server, names } = await checking({ 'a.example': { A: [OWN] } });
  server.isSilent = true;
  const checked = check('a.example');
  names.close();
  expect(await checked).toMatchObject({ kind: 'unknown', addresses: [] });
});

test('nobody is asked about a name that only a local authority would vouch for', async () => {
  const { check, server } = await checking({});
  for (const name of ['demo.localhost', 'localhost', 'nas', 'nas.local', 'a.internal', 'b.home.arpa']) {
    expect(isLocal(name)).toBe(true);
    expect((await check(name)).kind).toBe('local');
  }
  expect(server.asked).toEqual([]);
  expect(['a.example', 'internal.example', 'localhost.example'].some(isLocal)).toBe(false);
});

test.each<[string, Record<string, Records>, object | null]>([
  [
    'that name a known authority',
    { 'a.b.example': { CAA: ['letsencrypt.org; validationmethods=dns-01'] } },
    null,
  ],
  [
    'that name another one only',
    { 'a.b.example': { CAA: ['other.example'] } },
    { owner: 'a.b.example', issuers: ['other.example'] },
  ],
  [
    'that name what no name is',
    { 'a.b.example': { CAA: ['\u001b[2Jother.example\r\n'] } },
    { owner: 'a.b.example', issuers: ['2jother.example'] },
  ],
  ['that name nobody', { 'a.b.example': { CAA: [';'] } }, { owner: 'a.b.example', issuers: [] }],
  [
    'of the name above',
    { 'b.example': { CAA: ['other.example'] } },
    { owner: 'b.example', issuers: ['other.example'] },
  ],
  [
    'that override those above',
    { 'a.b.example': { CAA: ['sectigo.com'] }, 'b.example': { CAA: [';'] } },
    null,
  ],
])('CAA records %s', async (_, zone, caa) => {
  const { check } = await checking({ 'a.b.example': { A: [OWN] }, ...zone });
  expect((await check('a.b.example')).caa).toEqual(caa);
});
