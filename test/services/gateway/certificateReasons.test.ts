// Owns the tests of the words that an admin reads where a name has no certificate.

import { expect, test } from 'vitest';
import { MAX_TOLD_REASON_CHARS } from '../../../protocol/limits.ts';
import { reasonFor, type Hindrances } from '../../../services/gateway/certificateReasons.ts';
import type { IssuanceProblem, ProblemKind } from '../../../services/gateway/issuanceLog.ts';
import type { NameFinding } from '../../../services/gateway/nameCheck.ts';

const NAME = 'app.example.com';
const OWN = ['203.0.113.5', '2001:db8::5'];

const HERE: NameFinding = { kind: 'here', addresses: [...OWN], ownAddresses: OWN, caa: null };
const NONE: NameFinding = { ...HERE, kind: 'none', addresses: [] };
const ELSEWHERE: NameFinding = { ...HERE, kind: 'elsewhere', addresses: ['198.51.100.7'] };
const FORBIDDEN: NameFinding = { ...HERE, caa: { owner: 'example.com', issuers: ['other.example'] } };

const said = (kind: ProblemKind, detail = 'its words'): IssuanceProblem => ({ kind, detail });

function reason(known: Partial<Hindrances>, name = NAME): string | null {
  return reasonFor(name, { finding: HERE, problem: null, closedAddress: null, isOverdue: false, ...known });
}

test('without anything known there is no reason', () => {
  expect(reason({})).toBeNull();
  expect(reason({ finding: null })).toBeNull();
  for (const kind of ['local', 'unknown'] as const)
    expect(reason({ finding: { ...HERE, kind, addresses: [] } })).toBeNull();
});

test.each<[Partial<Hindrances>, string]>([
  [
    { finding: NONE },
    'app.example.com has no address in DNS: create an A or AAAA record that points to this gateway (203.0.113.5, 2001:db8::5).',
  ],
  [
    { finding: { ...NONE, ownAddresses: [] } },
    'app.example.com has no address in DNS: create an A or AAAA record that points to this gateway.',
  ],
  [
    { finding: ELSEWHERE },
    'app.example.com points to 198.51.100.7, not to this gateway (203.0.113.5, 2001:db8::5): correct its A and AAAA records, unless a proxy such as Cloudflare is meant to stand between.',
  ],
  [
    { finding: FORBIDDEN },
    "The CAA records of example.com let only other.example issue certificates: add one that names Caddy's certificate authority, such as letsencrypt.org, or remove them.",
  ],
  [
    { finding: { ...HERE, caa: { owner: NAME, issuers: [] } } },
    "The CAA records of app.example.com let nobody issue certificates: add one that names Caddy's certificate authority, such as letsencrypt.org, or remove them.",
  ],
  [
    { problem: said('dns') },
    'The certificate authority cannot resolve app.example.com: check that its A or AAAA record points to this gateway (203.0.113.5, 2001:db8::5), and that its name servers answer.',
  ],
  [
    { problem: said('connection') },
    'The certificate authority cannot connect to app.example.com: let ports 80 and 443 of this gateway (203.0.113.5, 2001:db8::5) be reached from everywhere.',
  ],
  [
    { problem: said('unauthorized') },
    'Another server answers for app.example.com where the certificate authority asks: its A and AAAA records must lead to this gateway (203.0.113.5, 2001:db8::5) and nowhere else. It says: its words',
  ],
  [
    { problem: said('rateLimited', 'too many, retry after 2026-11-23 12:00:00 UTC: see our page') },
    'The rate limit of the certificate authority is reached: wait until 2026-11-23 12:00 UTC, Caddy tries again by itself.',
  ],
  [
    { problem: said('rateLimited', 'retry after 2026-11-23T12:00:00Z') },
    'The rate limit of the certificate authority is reached: wait until 2026-11-23 12:00 UTC, Caddy tries again by itself.',
  ],
  [
    { problem: said('rateLimited') },
    'The rate limit of the certificate authority is reached: wait, Caddy tries again by itself. It says: its words',
  ],
  [
    { problem: said('caa') },
    'A CAA record in DNS forbids the certificate authority to issue for app.example.com: add one that names it, such as letsencrypt.org, or remove the record.',
  ],
  [
    { problem: said('rejectedIdentifier') },
    'The certificate authority does not issue for app.example.com: publish another name. It says: its words',
  ],
  [{ problem: said('other') }, 'Caddy gets no certificate for app.example.com: its words'],
  [
    { closedAddress: '203.0.113.5' },
    'Port 80 of 203.0.113.5 is closed, where certificate authorities ask first: let Caddy listen there, and open it in the firewall.',
  ],
])('of %j is said: %s', (known, words) => {
  expect(reason(known)).toBe(words);
});

test('what explains the rest is said, and not the rest', () => {
  const order: [Partial<Hindrances>, RegExp][] = [
    [
      { finding: { ...NONE, caa: FORBIDDEN.caa }, problem: said('rateLimited'), closedAddress: 'x' },
      /no address/,
    ],
    [
      { finding: { ...ELSEWHERE, caa: FORBIDDEN.caa }, problem: said('rateLimited'), closedAddress: 'x' },
      /rate/,
    ],
    [
      { finding: { ...ELSEWHERE, caa: FORBIDDEN.caa }, problem: said('unauthorized'), closedAddress: 'x' },
      /points to/,
    ],
    [{ finding: FORBIDDEN, problem: said('connection'), closedAddress: 'x' }, /CAA/],
    [{ problem: said('connection'), closedAddress: 'x' }, /cannot connect/],
    [{ closedAddress: 'x' }, /Port 80/],
  ];
  for (const [known, words] of order) expect(reason(known)).toMatch(words);
});

test('a reason always fits what is told, and names no more addresses than a person reads', () => {
  const long = `${'a'.repeat(60)}.`.repeat(4) + 'example';
  const many = Array.from({ length: 50 }, (_, n) => `2001:db8:aaaa:bbbb:cccc:dddd:eeee:${n}`);
  const finding: NameFinding = { kind: 'elsewhere', addresses: many, ownAddresses: many, caa: null };
  expect(reason({ finding })).toContain(' and 46 more, not to this gateway');
  const kinds: ProblemKind[] = [
    'dns',
    'connection',
    'unauthorized',
    'rateLimited',
    'caa',
    'rejectedIdentifier',
    'other',
  ];
  for (const kind of kinds) {
    const known = { finding: { ...HERE, ownAddresses: many }, problem: said(kind, 'x'.repeat(180)) };
    expect(reason(known, long)?.length).toBeLessThanOrEqual(MAX_TOLD_REASON_CHARS);
  }
});
