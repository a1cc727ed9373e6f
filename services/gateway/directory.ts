// Who publishes what: the claims of live sessions on public names, and the names whose tunnel was just lost.

import type { WireMapping } from '../../protocol/mapping.ts';
import type { Identity } from '../../protocol/tokens.ts';
import type { Refusal } from '../../machines/configSync.ts';

/** A lost name is remembered this long, so that its visitors hear 503 and not 404. Later releases make it a setting. */
const LEASE_MS = 24 * 60 * 60_000;

/** A public name: domain (lower case) and port. */
interface Claim {
  readonly sessionId: number;
  readonly agentId: string;
  readonly mappingId: string;
  readonly port: number;
}

interface Loss {
  readonly agentId: string;
  readonly atMs: number;
}

interface Member {
  readonly identity: Identity;
  revision: number;
  claims: readonly WireMapping[];
}

/** What a host name leads to right now. */
export type Found =
  | {
      readonly kind: 'live';
      readonly sessionId: number;
      readonly mappingId: string;
      readonly revision: number;
    }
  | { readonly kind: 'lost'; readonly atMs: number }
  | { readonly kind: 'unknown' };

/**
 * The routing table. A name belongs to the first live agent that claims it; the wires of one agent are one owner, the
 * newest in front. With nothing in front of the gateway the port is not known: 443 wins, else the lowest.
 */
export class Directory {
  private readonly members = new Map<number, Member>();
  private readonly claims = new Map<string, Claim[]>();
  private readonly losses = new Map<string, Loss>();
  private readonly gatewayHost: string | null;
  private readonly nowMs: () => number;

  constructor(gatewayHost: string | null, nowMs: () => number) {
    this.gatewayHost = gatewayHost?.toLowerCase() ?? null;
    this.nowMs = nowMs;
  }

  find(host: string): Found {
    const [best] = this.claims.get(host) ?? [];
    const member = best === undefined ? undefined : this.members.get(best.sessionId);
    if (best !== undefined && member !== undefined) {
      return {
        kind: 'live',
        sessionId: best.sessionId,
        mappingId: best.mappingId,
        revision: member.revision,
      };
    }
    const loss = this.losses.get(host);
    if (loss === undefined || this.nowMs() - loss.atMs > LEASE_MS) return { kind: 'unknown' };
    return { kind: 'lost', atMs: loss.atMs };
  }

  /** True for a host that a mapping owns, live or lately lost: the gateway's own paths do not exist there. */
  isOwned(host: string): boolean {
    return this.find(host).kind !== 'unknown';
  }

  /** Replaces all claims of a session by those of its newest revision; the names that it does not get, and why. */
  apply(
    sessionId: number,
    identity: Identity,
    revision: number,
    mappings: readonly WireMapping[],
  ): Refusal[] {
    this.dropClaims(sessionId);
    this.forgetLosses(identity.agentId);
    const accepted: WireMapping[] = [];
    const refused: Refusal[] = [];
    for (const mapping of mappings) {
      const code = this.refusalOf(mapping, identity.agentId);
      if (code === undefined) accepted.push(mapping);
      else refused.push({ id: mapping.id, code });
    }
    this.members.set(sessionId, { identity, revision, claims: accepted });
    for (const mapping of accepted) this.addClaim(sessionId, identity.agentId, mapping);
    return refused;
  }

  /** The session takes no more requests; names that nobody else serves count as lost from now on. */
  withdraw(sessionId: number): void {
    const member = this.members.get(sessionId);
    if (member === undefined) return;
    this.dropClaims(sessionId);
    this.members.delete(sessionId);
    // Another wire of the agent has said as much or more: a name that it left out is gone, not lost.
    if (this.isSpokenFor(member)) return;
    const loss = { agentId: member.identity.agentId, atMs: this.nowMs() };
    for (const { externalDomain } of member.claims) {
      if (!this.claims.has(externalDomain)) this.losses.set(externalDomain, loss);
    }
  }

  /** Live sessions of the same agent and slot, other than this one. */
  rivalsOf(sessionId: number, identity: Identity): number[] {
    return [...this.members]
      .filter(
        ([id, member]) =>
          id !== sessionId &&
          member.identity.agentId === identity.agentId &&
          member.identity.slot === identity.slot,
      )
      .map(([id]) => id);
  }

  /** Live agents, sessions and names, for the status. */
  counts(): { agents: number; tunnels: number; names: number } {
    const agents = new Set([...this.members.values()].map((member) => member.identity.agentId));
    return { agents: agents.size, tunnels: this.members.size, names: this.claims.size };
  }

  private isSpokenFor({ identity, revision }: Member): boolean {
    return [...this.members.values()].some(
      (other) => other.identity.agentId === identity.agentId && other.revision >= revision,
    );
  }

  private refusalOf(mapping: WireMapping, agentId: string): Refusal['code'] | undefined {
    if (mapping.externalDomain === this.gatewayHost) return 'domain_reserved';
    const claims = this.claims.get(mapping.externalDomain) ?? [];
    const isTaken = claims.some((claim) => claim.port === mapping.externalPort && claim.agentId !== agentId);
    return isTaken ? 'domain_taken' : undefined;
  }

  private addClaim(sessionId: number, agentId: string, mapping: WireMapping): void {
    const claim: Claim = { sessionId, agentId, mappingId: mapping.id, port: mapping.externalPort };
    const claims = [claim, ...(this.claims.get(mapping.externalDomain) ?? [])];
    // A stable sort: among equal ports the newest wire, put first above, stays in front.
    claims.sort((a, b) => rankOf(a.port) - rankOf(b.port));
    this.claims.set(mapping.externalDomain, claims);
  }

  private dropClaims(sessionId: number): void {
    for (const { externalDomain } of this.members.get(sessionId)?.claims ?? []) {
      const left = (this.claims.get(externalDomain) ?? []).filter((claim) => claim.sessionId !== sessionId);
      if (left.length > 0) this.claims.set(externalDomain, left);
      else this.claims.delete(externalDomain);
    }
  }

  /** An agent that speaks again says itself what it publishes: a name it left out is gone, not lost. */
  private forgetLosses(agentId: string): void {
    for (const [domain, loss] of this.losses) {
      if (loss.agentId === agentId) this.losses.delete(domain);
    }
  }
}

function rankOf(port: number): number {
  return port === 443 ? -1 : port;
}
