// Owns the tests of the book of certificates: what is known of each published name, and when it is news.

import { expect, test } from 'vitest';
import { CertificateBook } from '../../../services/gateway/certificateBook.ts';
import type { NameFinding } from '../../../services/gateway/nameCheck.ts';
import { RouteBook, type DesiredRoute } from '../../../services/gateway/routeBook.ts';

const APP = { domain: 'app.example', port: 443 };
const NO_ADDRESS: NameFinding = { kind: 'none', addresses: [], ownAddresses: [], caa: null };
const ISSUED = { kind: 'issued', expiresAtMs: 1_000, isLate: false } as const;
const PENDING = { state: 'pending', reason: '', expiresAtMs: null };

function bookOf(...names: (typeof APP)[]) {
  const book = new CertificateBook();
  const news: [string, string | undefined][] = [];
  book.onMoved(({ domain, port }, now) => news.push([`${domain}:${port}`, now?.state]));
  for (const name of names) book.publish(name);
  return { book, news: () => news.splice(0) };
}

test('nothing is known of a name until it was looked at, and nothing is noted of one that is not published', () => {
  const { book, news } = bookOf(APP);
  book.note(APP, { finding: NO_ADDRESS });
  expect(book.certificateOf(APP)).toBeUndefined();
  book.note({ ...APP, port: 80 }, { probed: ISSUED });
  book.note({ ...APP, domain: 'web.example' }, { probed: ISSUED });
  expect([book.certificateOf({ ...APP, port: 80 }), news()]).toEqual([undefined, []]);
});

test('a name is pending without a reason, failed with one, and issued whatever else is known', () => {
  const { book, news } = bookOf(APP);
  book.note(APP, { probed: { kind: 'none' } });
  expect(book.certificateOf(APP)).toEqual(PENDING);
  book.note(APP, { finding: NO_ADDRESS });
  expect(book.certificateOf(APP)).toMatchObject({ state: 'failed', expiresAtMs: null });
  book.note(APP, { probed: ISSUED });
  expect(book.certificateOf(APP)).toEqual({ state: 'issued', reason: '', expiresAtMs: 1_000 });
  // What hindered it is past.
  book.note(APP, { probed: { kind: 'none' } });
  expect(book.certificateOf(APP)).toEqual(PENDING);
  expect(news().map(([, state]) => state)).toEqual(['pending', 'failed', 'issued', 'pending']);
});

test('one that should have been renewed by now says so, until it is', () => {
  const { book } = bookOf(APP);
  book.note(APP, { probed: { ...ISSUED, isLate: true } });
  expect(book.certificateOf(APP)).toEqual({
    state: 'issued',
    reason:
      "It is good for now, but not renewed. It should have been by now: Caddy's log says why it was not.",
    expiresAtMs: 1_000,
  });
  book.note(APP, { probed: { ...ISSUED, expiresAtMs: 2_000 } });
  expect(book.certificateOf(APP)?.reason).toBe('');
});

test('a listener without TLS has no certificate, and no reason why not', () => {
  const { book } = bookOf(APP);
  book.note(APP, { probed: { kind: 'plain' }, finding: NO_ADDRESS });
  expect(book.certificateOf(APP)).toBeUndefined();
});

test.each([
  [ISSUED, 'issued'],
  [{ kind: 'plain' }, undefined],
  [{ kind: 'none' }, 'pending'],
] as const)('a name that was %j stays so while nobody answers', (probed, state) => {
  const { book } = bookOf(APP);
  book.note(APP, { probed });
  book.note(APP, { probed: { kind: 'unreachable' } });
  expect(book.certificateOf(APP)?.state).toBe(state);
});

test('a name that leads elsewhere may be meant to: it fails once the authority has refused it, or after a while', () => {
  const elsewhere: NameFinding = { ...NO_ADDRESS, kind: 'elsewhere', addresses: ['192.0.2.1'] };
  const { book } = bookOf(APP);
  book.note(APP, { probed: { kind: 'none' }, finding: elsewhere });
  expect(book.certificateOf(APP)).toMatchObject({
    state: 'pending',
    reason: expect.stringContaining('points to'),
  });
  book.note(APP, { isOverdue: true });
  expect(book.certificateOf(APP)?.state).toBe('failed');
  book.note(APP, { isOverdue: false, problem: { kind: 'connection', detail: '' } });
  expect(book.certificateOf(APP)?.state).toBe('failed');
});

test('of a Caddy that cannot be reached only the authority can say that a name fails', () => {
  const { book } = bookOf(APP);
  book.note(APP, { probed: { kind: 'unreachable' }, finding: NO_ADDRESS, isOverdue: true });
  expect(book.certificateOf(APP)).toEqual(PENDING);
  book.note(APP, { problem: { kind: 'caa', detail: '' } });
  expect(book.certificateOf(APP)?.state).toBe('failed');
});

test('a renewal that fails is told while the certificate is good, and past with the next one', () => {
  const { book } = bookOf(APP);
  book.note(APP, { probed: ISSUED });
  book.note(APP, { problem: { kind: 'other', detail: 'no luck' } });
  book.note(APP, { probed: { ...ISSUED } });
  expect(book.certificateOf(APP)).toEqual({
    state: 'issued',
    reason: 'It is good for now, but not renewed. Caddy gets no certificate for app.example: no luck',
    expiresAtMs: 1_000,
  });
  book.note(APP, { probed: { ...ISSUED, expiresAtMs: 2_000 } });
  expect(book.certificateOf(APP)?.reason).toBe('');
});

test('a name that was never seen is pending while nobody answers', () => {
  const { book } = bookOf(APP);
  book.note(APP, { probed: { kind: 'unreachable' } });
  expect(book.certificateOf(APP)).toEqual(PENDING);
});

test('another expiry is news, and the same once more is none', () => {
  const { book, news } = bookOf(APP);
  book.note(APP, { probed: ISSUED });
  book.note(APP, { probed: { ...ISSUED } });
  book.note(APP, { probed: { ...ISSUED, expiresAtMs: 2_000 } });
  expect(news()).toEqual([
    ['app.example:443', 'issued'],
    ['app.example:443', 'issued'],
  ]);
});

test('each port of a name is its own, and a name that is forgotten begins anew', () => {
  const plain = { ...APP, port: 8443 };
  const { book } = bookOf(APP, plain);
  expect(book.portsOf('app.example')).toEqual([443, 8443]);
  book.note(APP, { probed: ISSUED });
  book.publish(APP);
  expect([book.certificateOf(APP)?.state, book.certificateOf(plain)]).toEqual(['issued', undefined]);
  book.forget(APP);
  book.publish(APP);
  expect(book.certificateOf(APP)).toBeUndefined();
  book.forget(plain);
  book.forget(APP);
  expect(book.portsOf('app.example')).toEqual([]);
});

test('a route is told with its certificate once it is applied, and its certificate is news of the route', () => {
  const { book: certificates } = bookOf(APP);
  const book = new RouteBook(certificates);
  const route: DesiredRoute = { owner: 'a', id: '1', ...APP };
  let [moves, routeMoves] = [0, 0];
  book.onMoved(() => (moves += 1));
  book.onRouteMoved(() => (routeMoves += 1));
  book.note([[route, { state: 'pending', reason: '' }]]);
  certificates.note(APP, { probed: ISSUED });
  expect(book.standingOf(route)).toEqual({ state: 'pending', reason: '' });
  book.note([[route, { state: 'applied', reason: '' }]]);
  const certificate = { state: 'issued', reason: '', expiresAtMs: 1_000 };
  expect(book.standingOf(route)).toEqual({ state: 'applied', reason: '', certificate });
  expect([moves, routeMoves]).toEqual([3, 2]);
  book.note([[route, { state: 'conflict', reason: 'Taken.' }]]);
  expect(book.standingOf(route)).toEqual({ state: 'conflict', reason: 'Taken.' });
});

test('where Caddy listens is kept while it cannot be seen', () => {
  const book = new RouteBook();
  expect(book.listenPortOf(443)).toBeNull();
  book.note([], new Map([[443, 8443]]));
  book.note([]);
  expect([book.listenPortOf(443), book.listenPortOf(80)]).toEqual([8443, null]);
  book.note([], new Map());
  expect(book.listenPortOf(443)).toBeNull();
});
