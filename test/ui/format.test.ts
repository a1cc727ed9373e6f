// Numbers, times and addresses as people read them.

import { expect, onTestFinished, test } from 'vitest';
import { followEntrance, publicUrl, sayPublicAddress, sayTarget } from '../../ui/format/addresses.ts';
import { sayBytes, sayCountOf, sayDuration, sayMs, sayShare } from '../../ui/format/amounts.ts';
import { sayRelative } from '../../ui/format/times.ts';
import { unbroken } from './support/unbroken.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.00 kB'],
  [1_494, '1.49 kB'],
  [99_960, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.00 MB'],
  [5_000_000_000_000_000, '5000 TB'],
])('%d bytes are %s', (bytes, said) => {
  expect(sayBytes(bytes)).toBe(unbroken(said));
});

test.each([
  [0, '0.0 ms'],
  [9.96, '10 ms'],
  [18.4, '18 ms'],
  [999.4, '999 ms'],
  [1_250, '1.25 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min'],
  [185_000, '3 min 5 s'],
])('%d milliseconds are %s', (ms, said) => {
  expect(sayMs(ms)).toBe(unbroken(said));
});

test.each([
  [0, '0 s'],
  [3_600_000, '1 h'],
  [7_800_000, '2 h 10 min'],
  [436_000_000, '5 d 1 h'],
  [-5_000, '0 s'],
])('a duration of %d ms is %s', (ms, said) => {
  expect(sayDuration(ms)).toBe(unbroken(said));
});

test('no line ends between a number and its unit', () => {
  const said = [sayBytes(1_494), sayMs(18.4), sayShare(1, 4), sayRelative(0, 12_000)];
  expect(said).toEqual(['1.49\u00a0kB', '18\u00a0ms', '25\u00a0%', '12\u00a0s ago']);
  // Between two of them one may.
  expect(sayDuration(185_000)).toBe('3\u00a0min 5\u00a0s');
});

test('one is one, and a share of nothing is nothing', () => {
  expect([sayCountOf(1, 'mapping'), sayCountOf(1_234, 'mapping')]).toEqual(['1 mapping', '1,234 mappings']);
  expect([sayShare(0, 0), sayShare(1, 250), sayShare(1, 4)]).toEqual(['0 %', '0.4 %', '25 %'].map(unbroken));
});

test.each([
  [0, 'just now'],
  [-1_000, 'just now'],
  [12_000, '12 s ago'],
  [59_999, '1 min ago'],
  [3_700_000, '1 h ago'],
  [172_800_000, '2 d ago'],
  [-8_000, 'in 8 s'],
])('%d ms ago is %s', (agoMs, said) => {
  expect(sayRelative(1_000_000_000_000 - agoMs, 1_000_000_000_000)).toBe(unbroken(said));
});

test('an address has its port where it is not the usual one, and brackets where it needs them', () => {
  expect(sayPublicAddress({ externalDomain: 'app.example.com', externalPort: 443 })).toBe('app.example.com');
  expect(sayPublicAddress({ externalDomain: 'app.example.com', externalPort: 8443 })).toBe(
    'app.example.com:8443',
  );
  const target = { internalProtocol: 'https', internalHost: 'fd00::10', internalPort: 8080 } as const;
  expect(sayTarget(target)).toBe('https://[fd00::10]:8080');
});

test.each([
  [
    'with nothing in front of the gateway, plain HTTP at its port',
    { port: 5000, rootFile: null },
    443,
    'http://app.localhost:5000/',
  ],
  ['whatever port its mapping has', { port: 5000, rootFile: null }, 8443, 'http://app.localhost:5000/'],
  [
    'and without a port where it is the usual one',
    { port: 80, rootFile: null },
    443,
    'http://app.localhost/',
  ],
  [
    'through a Caddy of its own, TLS at its port',
    { port: 8443, rootFile: '/r.crt' },
    443,
    'https://app.localhost:8443/',
  ],
  ['which is only that of 443', { port: 8443, rootFile: '/r.crt' }, 9443, 'https://app.localhost:9443/'],
  ['and otherwise TLS at the port of its mapping', null, 8443, 'https://app.localhost:8443/'],
])('the address of a mapping is where visitors come in: %s', (_case, entrance, externalPort, url) => {
  followEntrance(entrance);
  onTestFinished(() => followEntrance(null));
  const address = { externalDomain: 'app.localhost', externalPort };
  expect(publicUrl(address)).toBe(url);
  expect(sayPublicAddress(address)).toBe(new URL(url).host);
});
