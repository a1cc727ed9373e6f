// Owns the test of host names in the letters of their owners.

import { domainToASCII } from 'node:url';
import { expect, test } from 'vitest';
import { unicodeHost } from '../../ui/format/unicodeHost.ts';

test.each([
  'münchen.example',
  'bücher.straße-test.example'.replace('ß', 'ss'),
  'почта.example',
  'παράδειγμα.example',
  '写真.example',
  'しゃしん.example',
  '사진.example',
  'שלום.example',
  'ไทย.example',
  'plain.example.com',
])('%s is told so', (host) => {
  expect(unicodeHost(domainToASCII(host))).toBe(host);
});

test.each(['аррӏе.example', 'pаypal.example', 'xn--a.example', 'xn--99999999999.example', 'xn--.example'])(
  '%s stays as it is stored: its letters are of several scripts, look like others, or are none',
  (host) => {
    const stored = host.startsWith('xn--') ? host : domainToASCII(host);
    expect(unicodeHost(stored)).toBe(stored);
  },
);
