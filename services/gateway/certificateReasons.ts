// Why a name has no certificate, in words for whoever has to mend it: what is wrong, and what to do.

import { MAX_TOLD_REASON_CHARS } from '../../protocol/limits.ts';
import type { IssuanceProblem } from './issuanceLog.ts';
import type { NameFinding } from './nameCheck.ts';

/** What is known of a name that has no certificate; null: nothing. */
export interface Hindrances {
  readonly finding: NameFinding | null;
  /** What the certificate authority said last. */
  readonly problem: IssuanceProblem | null;
  /** The gateway's address whose port 80 nobody answers at. */
  readonly closedAddress: string | null;
  /** It has been looked at in vain for long enough that what may be meant so is taken for a mistake. */
  readonly isOverdue: boolean;
}

/** Addresses that one sentence names. Raised: it does not fit what is told. */
const MAX_NAMED = 4;

/** False: a proxy may be meant to stand where the name leads, and the certificate may come through it yet. */
export function isSure({ finding, problem, isOverdue }: Hindrances): boolean {
  return finding?.kind !== 'elsewhere' || problem !== null || isOverdue;
}

/** Null: no reason is known. The first that explains the others counts. */
export function reasonFor(domain: string, { finding, problem, closedAddress }: Hindrances): string | null {
  const reason =
    noAddress(domain, finding) ??
    refused(domain, problem) ??
    elsewhere(domain, finding) ??
    forbidden(finding) ??
    unproven(domain, problem, finding) ??
    closed(closedAddress);
  return reason === null ? null : reason.slice(0, MAX_TOLD_REASON_CHARS);
}

function noAddress(domain: string, finding: NameFinding | null): string | null {
  return finding?.kind === 'none'
    ? `${domain} has no address in DNS: create an A or AAAA record that points to ${here(finding)}.`
    : null;
}

/** Where the name leads is not what the certificate authority minds. */
function refused(domain: string, problem: IssuanceProblem | null): string | null {
  switch (problem?.kind) {
    case 'rateLimited':
      return rateLimited(problem.detail);
    case 'caa':
      return `A CAA record in DNS forbids the certificate authority to issue for ${domain}: add one that names it, such as letsencrypt.org, or remove the record.`;
    case 'rejectedIdentifier':
      return `The certificate authority does not issue for ${domain}: publish another name. It says: ${problem.detail}`;
    default:
      return null;
  }
}

function rateLimited(detail: string): string {
  const [, day, time = ''] = /retry after (\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?/i.exec(detail) ?? [];
  return day === undefined
    ? `The rate limit of the certificate authority is reached: wait, Caddy tries again by itself. It says: ${detail}`
    : `The rate limit of the certificate authority is reached: wait until ${`${day} ${time}`.trim()} UTC, Caddy tries again by itself.`;
}

function elsewhere(domain: string, finding: NameFinding | null): string | null {
  return finding?.kind === 'elsewhere'
    ? `${domain} points to ${listed(finding.addresses)}, not to ${here(finding)}: correct its A and AAAA records, unless a proxy such as Cloudflare is meant to stand between.`
    : null;
}

function forbidden(finding: NameFinding | null): string | null {
  const caa = finding?.caa ?? null;
  if (caa === null) return null;
  const allowed = caa.issuers.length === 0 ? 'nobody' : `only ${listed(caa.issuers)}`;
  return `The CAA records of ${caa.owner} let ${allowed} issue certificates: add one that names Caddy's certificate authority, such as letsencrypt.org, or remove them.`;
}

/** The certificate authority did not find what Caddy had laid out for it. */
function unproven(
  domain: string,
  problem: IssuanceProblem | null,
  finding: NameFinding | null,
): string | null {
  switch (problem?.kind) {
    case 'dns':
      return `The certificate authority cannot resolve ${domain}: check that its A or AAAA record points to ${here(finding)}, and that its name servers answer.`;
    case 'connection':
      return `The certificate authority cannot connect to ${domain}: let ports 80 and 443 of ${here(finding)} be reached from everywhere.`;
    case 'unauthorized':
      return `Another server answers for ${domain} where the certificate authority asks: its A and AAAA records must lead to ${here(finding)} and nowhere else. It says: ${problem.detail}`;
    case 'other':
      return `Caddy gets no certificate for ${domain}: ${problem.detail}`;
    default:
      return null;
  }
}

function closed(closedAddress: string | null): string | null {
  return closedAddress === null
    ? null
    : `Port 80 of ${closedAddress} is closed, where certificate authorities ask first: let Caddy listen there, and open it in the firewall.`;
}

function here(finding: NameFinding | null): string {
  const own = finding?.ownAddresses ?? [];
  return own.length === 0 ? 'this gateway' : `this gateway (${listed(own)})`;
}

function listed(items: readonly string[]): string {
  const more = items.length - MAX_NAMED;
  return `${items.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
