// Asks DNS what a certificate authority will find: where a name leads, whether that is here, and who may issue for it.

import { Resolver } from 'node:dns/promises';
import type { Clock } from '../../machines/clock.ts';

/** One question to one server, and how often it is asked. Raised: servers that are silent hold up the look at other names. */
const ANSWER_MS = 2_000;
const TRIES = 2;

/** The gateway's own addresses are asked for no more often. Raised: a gateway that has moved is noticed later. */
const OWN_ADDRESSES_MS = 30_000;

export interface NameFinding {
  /**
   * `local`: no certificate authority is asked for such a name. `none`: it has no address. `elsewhere`: none of its
   * addresses is the gateway's. `here`: one is, or that cannot be told. `unknown`: the servers do not answer.
   */
  readonly kind: 'local' | 'none' | 'elsewhere' | 'here' | 'unknown';
  /** The name's. */
  readonly addresses: readonly string[];
  /** The gateway's; empty where they are not known. */
  readonly ownAddresses: readonly string[];
  /** Null: nothing is known that would forbid to issue. */
  readonly caa: CaaFinding | null;
}

/** Records that let none of the certificate authorities issue that Caddy is used with. */
export interface CaaFinding {
  /** The name that has them: that one, or one above it. */
  readonly owner: string;
  /** Those that they name; empty: nobody at all. */
  readonly issuers: readonly string[];
}

export interface NameCheck {
  check(domain: string): Promise<NameFinding>;
  /** Ends what is under way: it is unknown. */
  close(): void;
}

export interface NameCheckOptions {
  readonly clock: Clock;
  /** Addresses, with a port or without; empty: the system's. */
  readonly servers: readonly string[];
  readonly gatewayHost: string | null;
}

export function createNameCheck({ clock, servers, gatewayHost }: NameCheckOptions): NameCheck {
  const resolver = new Resolver({ timeout: ANSWER_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  let own: { readonly atMs: number; readonly addresses: Promise<Addresses> } | null = null;

  function ownAddresses(): Promise<Addresses> {
    if (gatewayHost === null || isLocal(gatewayHost))
      return Promise.resolve({ addresses: [], isSure: false });
    if (own === null || clock.nowMs() - own.atMs >= OWN_ADDRESSES_MS)
      own = { atMs: clock.nowMs(), addresses: addressesOf(resolver, gatewayHost) };
    return own.addresses;
  }

  return {
    async check(domain) {
      if (isLocal(domain)) return { kind: 'local', addresses: [], ownAddresses: [], caa: null };
      const [{ addresses, isSure }, { addresses: ownOnes }, caa] = await Promise.all([
        addressesOf(resolver, domain),
        ownAddresses(),
        caaOf(resolver, domain),
      ]);
      const isElsewhere = ownOnes.length > 0 && !addresses.some((address) => ownOnes.includes(address));
      const otherwise = addresses.length === 0 ? (isSure ? 'none' : 'unknown') : null;
      return {
        kind: otherwise ?? (isElsewhere ? 'elsewhere' : 'here'),
        addresses,
        ownAddresses: ownOnes,
        caa,
      };
    },
    close: () => resolver.cancel(),
  };
}

/** Names that Caddy has certificates for from its own authority, and that no other would vouch for. */
export function isLocal(domain: string): boolean {
  return !domain.includes('.') || /\.(?:localhost|local|internal|home\.arpa)$/.test(domain);
}

interface Addresses {
  readonly addresses: readonly string[];
  /** There are no others: no question is without its answer. */
  readonly isSure: boolean;
}

async function addressesOf(resolver: Resolver, name: string): Promise<Addresses> {
  const answers = await Promise.all([
    answerTo(() => resolver.resolve4(name)),
    answerTo(() => resolver.resolve6(name)),
  ]);
  // Servers turn their order from answer to answer: what is told of them would be news each time.
  const addresses = answers.flatMap((answer) => (answer ?? []).toSorted());
  return { addresses, isSure: !answers.includes(null) };
}

/** RFC 8659 §3: the records of the name itself count, else those of the nearest name above that has any. */
async function caaOf(resolver: Resolver, domain: string): Promise<CaaFinding | null> {
  const labels = domain.split('.');
  for (let above = 0; above < labels.length - 1; above += 1) {
    const owner = labels.slice(above).join('.');
    const records = await answerTo(() => resolver.resolveCaa(owner));
    if (records === null) return null;
    if (records.length === 0) continue;
    const issues = records.flatMap(({ issue }) => (issue === undefined ? [] : [issuerIn(issue)]));
    const isForbidden = issues.length > 0 && !issues.some((issuer) => KNOWN_ISSUERS.has(issuer));
    return isForbidden ? { owner, issuers: issues.filter((issuer) => issuer !== '') } : null;
  }
  return null;
}

/** By the names that they ask for in CAA: Let's Encrypt, ZeroSSL (Sectigo), Google, Buypass, SSL.com. */
const KNOWN_ISSUERS = new Set([
  'letsencrypt.org',
  'sectigo.com',
  'zerossl.com',
  'comodoca.com',
  'usertrust.com',
  'trust-provider.com',
  'pki.goog',
  'buypass.com',
  'buypass.no',
  'ssl.com',
]);

/** Without its parameters, and without what no name has: whoever owns the zone writes it, and it is logged. Empty for `;`, which names nobody. */
function issuerIn(issue: string): string {
  const [name = ''] = issue.split(';', 1);
  return name.replace(/[^\w.-]/g, '').toLowerCase();
}

/** Null: nobody knows. An empty list is an answer. */
async function answerTo<Item>(ask: () => Promise<Item[]>): Promise<Item[] | null> {
  try {
    return await ask();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    return code === 'ENODATA' || code === 'ENOTFOUND' ? [] : null;
  }
}
