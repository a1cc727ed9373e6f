// Owns the tests of what is read in Caddy's log of a name's certificate: lines as real Caddys wrote them.

import { expect, test } from 'vitest';
import { parseIssuance } from '../../../services/gateway/issuanceLog.ts';

const NAME = 'app.example.com';

function line(fields: object): string {
  return JSON.stringify({ level: 'error', ts: 1795390629.57, identifier: NAME, ...fields });
}

const challenge = (type: string, detail: string) =>
  line({
    logger: 'http.acme_client',
    msg: 'challenge failed',
    challenge_type: 'http-01',
    problem: {
      type: `urn:ietf:params:acme:error:${type}`,
      title: '',
      detail,
      instance: '',
      subproblems: null,
    },
  });

const obtain = (error: string, logger = 'tls.obtain') =>
  line({ logger, msg: 'could not get certificate from issuer', issuer: 'acme.example', error });

test.each([
  ['dns', 'DNS problem: NXDOMAIN looking up A for app.example.com'],
  ['connection', 'Get "http://app.example.com/x": dial tcp 203.0.113.9:80: connect: connection refused'],
  ['unauthorized', 'The key authorization file from the server did not match this challenge'],
  ['rateLimited', 'too many certificates, retry after 2026-11-23 12:00:00 UTC'],
  ['caa', 'CAA record for app.example.com prevents issuance'],
  ['rejectedIdentifier', 'it is forbidden by policy'],
])('a %s problem is known by its type, of a challenge and of an order', (kind, detail) => {
  const issuance = { domain: NAME, problem: { kind, detail } };
  expect(parseIssuance(challenge(kind, detail))).toEqual(issuance);
  expect(parseIssuance(obtain(`HTTP 400 urn:ietf:params:acme:error:${kind} - ${detail}`))).toEqual(issuance);
});

test('a type that is not told apart, and an authority that cannot be reached, keep their words', () => {
  expect(parseIssuance(challenge('malformed', 'Could not resolve URL'))).toEqual({
    domain: NAME,
    problem: { kind: 'other', detail: 'Could not resolve URL' },
  });
  const away = 'Get "https://acme.example/dir": dial tcp: lookup acme.example: no such host';
  expect(parseIssuance(obtain(away))?.problem).toEqual({ kind: 'other', detail: away });
});

test('a port that nobody answers at is a connection problem, whatever an authority calls it', () => {
  const words = 'Failed to connect to 127.0.0.9:443 for the tls-alpn-01 challenge';
  expect(parseIssuance(challenge('unauthorized', words))?.problem?.kind).toBe('connection');
});

test.each([
  ['tls.obtain', 'certificate obtained successfully'],
  ['tls.renew', 'certificate renewed successfully'],
])('by %s "%s" there is no problem any more', (logger, msg) => {
  expect(parseIssuance(line({ level: 'info', logger, msg }))).toEqual({ domain: NAME, problem: null });
});

test('words of others are one line, without control characters, and bounded', () => {
  const words = `first\n\tsecond\u0007\u001b[31m\u202e third ${'x'.repeat(1_000)}`;
  const detail = parseIssuance(challenge('other', words))?.problem?.detail ?? '';
  expect(detail).toMatch(/^first second \[31m third x+$/);
  expect(detail).toHaveLength(180);
});

test.each([
  ['what is not JSON', 'run: "identifier"'],
  ['a request that looks like it', line({ logger: 'http.log.access', msg: 'challenge failed', error: 'x' })],
  ['a line without a name', JSON.stringify({ logger: 'tls.obtain', msg: 'will retry', error: '[x] Obtain' })],
  ['a step on the way', line({ level: 'info', logger: 'tls.obtain', msg: 'obtaining certificate' })],
  ['a failure of something else', line({ logger: 'tls.obtain', msg: 'stapling OCSP', error: 'no OCSP' })],
])('%s says nothing', (_, text) => {
  expect(parseIssuance(text)).toBeNull();
});
