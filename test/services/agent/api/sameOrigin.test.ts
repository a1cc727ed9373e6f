// Owns the tests of which requests come from our own pages, and which of them by TLS.

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { isByTls, refuseForeignOrigin } from '../../../../services/agent/api/sameOrigin.ts';

test.each<[host: string, origin: string, proto: string]>([
  ['nas.local:5080', 'http://nas.local:5080', ''],
  ['NAS.local:5080', 'http://nas.local:5080', ''],
  ['nas.local', 'http://nas.local', ''],
  ['nas.local:80', 'http://nas.local', ''],
  ['nas.local', 'https://nas.local', 'https'],
  ['nas.local:443', 'https://nas.local', 'https'],
  ['[::1]:5080', 'http://[::1]:5080', ''],
])('asked at %s, the origin %s is our own (a proxy said "%s")', (host, origin, proto) => {
  expect(() => refuseForeignOrigin(requestWith({ host, origin, 'x-forwarded-proto': proto }))).not.toThrow();
});

test.each<[host: string | undefined, origin: string, proto: string]>([
  ['nas.local:5080', 'http://nas.local', ''],
  ['nas.local:5080', 'http://nas.local:5081', ''],
  ['nas.local:5080', 'http://nas.local.evil.example:5080', ''],
  ['nas.local', 'https://nas.local', ''],
  ['nas.local', 'http://nas.local', 'https'],
  ['nas.local', 'null', ''],
  ['nas.local', '', ''],
  ['nas.local', 'http://nas.local, http://evil.example', ''],
  ['nas.local', 'file://', ''],
  ['not a host', 'not an origin', ''],
  [undefined, 'http://undefined', ''],
])('asked at %s, the origin "%s" is foreign (a proxy said "%s")', (host, origin, proto) => {
  expect(() => refuseForeignOrigin(requestWith({ host, origin, 'x-forwarded-proto': proto }))).toThrow(
    expect.objectContaining({ code: 'foreign_origin' }),
  );
});

test.each([
  ['same-origin', true],
  ['none', true],
  ['same-site', false],
  ['cross-site', false],
  ['', false],
  ['same-origin, cross-site', false],
])('with Sec-Fetch-Site "%s" and no Origin it is our own: %s', (site, isOwn) => {
  const refuse = () => refuseForeignOrigin(requestWith({ host: 'nas.local', 'sec-fetch-site': site }));
  if (isOwn) expect(refuse).not.toThrow();
  else expect(refuse).toThrow(expect.objectContaining({ code: 'foreign_origin' }));
});

test('a request comes by TLS when its socket does, or when a proxy in front says that it came so', () => {
  const byTls = (proto: string) => isByTls(requestWith({ 'x-forwarded-proto': proto }));
  expect([isByTls(requestWith({})), byTls('http'), byTls('http, https')]).toEqual([false, false, false]);
  expect([byTls('https'), byTls('HTTPS'), byTls('https, http')]).toEqual([true, true, true]);
  expect(isByTls(new IncomingMessage(new TLSSocket(new Socket())))).toBe(true);
});

function requestWith(headers: Readonly<Record<string, string | undefined>>): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  return request;
}
