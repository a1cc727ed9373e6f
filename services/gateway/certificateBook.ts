// What is known of the certificate of each published name and port: written by who looks, read by who tells.

import type { ToldCertificate } from '../../protocol/control.ts';
import { MAX_TOLD_REASON_CHARS } from '../../protocol/limits.ts';
import type { Probed } from './certificateProbe.ts';
import { isSure, reasonFor, type Hindrances } from './certificateReasons.ts';

/** What has been seen; null: not yet. */
export interface CertificateFacts extends Hindrances {
  readonly probed: Probed | null;
}

export interface PublishedName {
  readonly domain: string;
  /** The external one. */
  readonly port: number;
}

/** Told with what it is now; undefined: not served by TLS, or not known. */
export type CertificateListener = (name: PublishedName, now: ToldCertificate | undefined) => void;

interface Entry {
  readonly facts: CertificateFacts;
  readonly certificate: ToldCertificate | undefined;
}

const NOTHING: CertificateFacts = {
  probed: null,
  finding: null,
  problem: null,
  closedAddress: null,
  isOverdue: false,
};

export class CertificateBook {
  /** By domain, then by port: names joined for a key would be made anew for thousands at every look. */
  private readonly entries = new Map<string, Map<number, Entry>>();
  private readonly listeners: CertificateListener[] = [];

  certificateOf({ domain, port }: PublishedName): ToldCertificate | undefined {
    return this.entries.get(domain)?.get(port)?.certificate;
  }

  factsOf({ domain, port }: PublishedName): CertificateFacts {
    return this.entries.get(domain)?.get(port)?.facts ?? NOTHING;
  }

  /** What is noted of a name that is not published stays unheard. */
  publish({ domain, port }: PublishedName): void {
    const ports = this.entries.get(domain) ?? new Map<number, Entry>();
    this.entries.set(domain, ports);
    if (!ports.has(port)) ports.set(port, { facts: NOTHING, certificate: undefined });
  }

  forget({ domain, port }: PublishedName): void {
    const ports = this.entries.get(domain);
    ports?.delete(port);
    if (ports?.size === 0) this.entries.delete(domain);
  }

  portsOf(domain: string): number[] {
    return [...(this.entries.get(domain)?.keys() ?? [])];
  }

  note(name: PublishedName, seen: Partial<CertificateFacts>): void {
    const ports = this.entries.get(name.domain);
    const before = ports?.get(name.port);
    if (ports === undefined || before === undefined) return;
    const facts = factsAfter(before.facts, seen);
    const certificate = certificateFrom(name.domain, facts);
    ports.set(name.port, { facts, certificate });
    if (isSame(before.certificate, certificate)) return;
    for (const listener of this.listeners) listener(name, certificate);
  }

  onMoved(listener: CertificateListener): void {
    this.listeners.push(listener);
  }
}

/**
 * Whoever cannot be asked just now has most likely what he had. With a new certificate what hindered it is past; what the
 * certificate authority says later is of its renewal.
 */
function factsAfter(before: CertificateFacts, seen: Partial<CertificateFacts>): CertificateFacts {
  const isAway = seen.probed?.kind === 'unreachable' && before.probed !== null;
  const after = { ...before, ...seen, ...(isAway ? { probed: before.probed } : {}) };
  const { probed } = after;
  if (probed?.kind !== 'issued') return after;
  const isKnown = before.probed?.kind === 'issued' && before.probed.expiresAtMs === probed.expiresAtMs;
  return { ...NOTHING, probed, problem: isKnown ? after.problem : null };
}

function certificateFrom(domain: string, facts: CertificateFacts): ToldCertificate | undefined {
  const { probed } = facts;
  if (probed === null || probed.kind === 'plain') return undefined;
  if (probed.kind === 'issued') {
    const reason = renewalReason(domain, facts, probed.isLate);
    return { state: 'issued', reason, expiresAtMs: probed.expiresAtMs };
  }
  // Who cannot reach Caddy knows what the certificate authority said, and nothing of what visitors are shown.
  const reason = probed.kind === 'unreachable' && facts.problem === null ? null : reasonFor(domain, facts);
  const state = reason !== null && isSure(facts) ? 'failed' : 'pending';
  return { state, reason: reason ?? '', expiresAtMs: null };
}

/** Empty: nothing is known to hinder it, and there is time. */
function renewalReason(domain: string, facts: CertificateFacts, isLate: boolean): string {
  const known = facts.problem === null ? null : reasonFor(domain, facts);
  const reason = known ?? (isLate ? "It should have been by now: Caddy's log says why it was not." : null);
  return reason === null
    ? ''
    : `It is good for now, but not renewed. ${reason}`.slice(0, MAX_TOLD_REASON_CHARS);
}

function isSame(one: ToldCertificate | undefined, other: ToldCertificate | undefined): boolean {
  return (
    one?.state === other?.state && one?.reason === other?.reason && one?.expiresAtMs === other?.expiresAtMs
  );
}
