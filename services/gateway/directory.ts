// Who publishes what: the claims of live sessions on public names, and the names whose tunnel was just lost.

import type { WireMapping } from '../../protocol/mapping.ts';
import type { Identity } from '../../protocol/tokens.ts';
import type { Refusal } from '../../machines/configSync.ts';

/** One session's wish for one name and port. */
interface Claim {
  readonly sessionId: number;
  readonly agentId: string;
  readonly mappingId: string;
}

interface Loss {
  readonly agentId: string;
  readonly atMs: number;
}

interface Member {
  readonly identity: Identity;
  readonly revision: number;
  readonly mappings: readonly WireMapping[];
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

/** Names of a session that it does not get, and why. */
export interface Verdict {
  readonly sessionId: number;
  readonly revision: number;
  readonly refused: readonly Refusal[];
}

/**
 * The routing table. A name and port belong to the first live agent that claims them; others wait in line and are told
 * when their turn comes. The wires of one agent are one owner, the newest in front. With nothing in front of the
 * gateway the port is not known: 443 wins, else the lowest.
 */
export class Directory {
  private readonly members = new Map<number, Member>();
  /** Claims by name and port, the owner first. */
  private readonly names = new Map<string, Map<number, Claim[]>>();
  private readonly losses = new Map<string, Loss>();
  private readonly gatewayHost: string | null;
  private readonly leaseMs: number;
  private readonly nowMs: () => number;

  /** A lost name is remembered for `leaseMs`, so that its visitors hear 503 and not 404. */
  constructor(gatewayHost: string | null, nowMs: () => number, leaseMs: number) {
    this.gatewayHost = gatewayHost?.toLowerCase() ?? null;
    this.leaseMs = leaseMs;
    this.nowMs = nowMs;
  }

  find(host: string): Found {
    const claim = this.ownerOf(host);
    const member = claim === undefined ? undefined : this.members.get(claim.sessionId);
    if (claim !== undefined && member !== undefined) {
      return {
        kind: 'live',
        sessionId: claim.sessionId,
        mappingId: claim.mappingId,
        revision: member.revision,
      };
    }
    const loss = this.losses.get(host);
    if (loss === undefined || this.nowMs() - loss.atMs > this.leaseMs) return { kind: 'unknown' };
    return { kind: 'lost', atMs: loss.atMs };
  }

  /** True for a host that a mapping owns, live or lately lost: the gateway's own paths do not exist there. */
  isOwned(host: string): boolean {
    return this.find(host).kind !== 'unknown';
  }

  /** Puts a session's newest revision in force; the verdicts on it (first) and on those whose turn has come by it. */
  apply(
    sessionId: number,
    identity: Identity,
    revision: number,
    mappings: readonly WireMapping[],
  ): [Verdict, ...Verdict[]] {
    this.forgetLosses(identity.agentId);
    const before = this.members.get(sessionId)?.mappings ?? [];
    const kept = new Set(mappings.map(nameAndPort));
    this.members.set(sessionId, { identity, revision, mappings });
    const promoted = this.dropClaims(
      sessionId,
      before.filter((mapping) => !kept.has(nameAndPort(mapping))),
    );
    for (const mapping of mappings) {
      if (mapping.externalDomain !== this.gatewayHost) this.claim(sessionId, identity.agentId, mapping);
    }
    return [this.verdictOn(sessionId), ...promoted];
  }

  /** The session takes no more requests; the verdicts on those whose turn has come by it. */
  withdraw(sessionId: number): Verdict[] {
    const member = this.members.get(sessionId);
    if (member === undefined) return [];
    this.members.delete(sessionId);
    const promoted = this.dropClaims(sessionId, member.mappings);
    // A name that those who stay for the agent have left out is gone, not lost.
    if (this.isSpokenFor(member)) return promoted;
    this.forgetExpired();
    const loss = { agentId: member.identity.agentId, atMs: this.nowMs() };
    for (const { externalDomain } of member.mappings) {
      // The gateway's own name was never theirs to lose: agents could not dial it any more.
      const isGone = !this.names.has(externalDomain) && externalDomain !== this.gatewayHost;
      if (isGone) this.losses.set(externalDomain, loss);
    }
    return promoted;
  }

  /** Mappings in the session's revision in force, refused ones included. */
  mappingCount(sessionId: number): number {
    return this.members.get(sessionId)?.mappings.length ?? 0;
  }

  /** The session has a revision in force. */
  isLive(sessionId: number): boolean {
    return this.members.has(sessionId);
  }

  /** Live sessions of the same agent and slot, other than this one, with who they are. */
  rivalsOf(sessionId: number, identity: Identity): { sessionId: number; identity: Identity }[] {
    return [...this.members]
      .filter(
        ([id, { identity: other }]) =>
          id !== sessionId && other.agentId === identity.agentId && other.slot === identity.slot,
      )
      .map(([id, member]) => ({ sessionId: id, identity: member.identity }));
  }

  /** Live agents, sessions and names, for the status. */
  counts(): { agents: number; tunnels: number; names: number } {
    const agents = new Set([...this.members.values()].map((member) => member.identity.agentId));
    return { agents: agents.size, tunnels: this.members.size, names: this.names.size };
  }

  private ownerOf(host: string): Claim | undefined {
    const ports = this.names.get(host);
    if (ports === undefined) return undefined;
    let best: number | undefined;
    for (const port of ports.keys()) {
      if (best === undefined || rankOf(port) < rankOf(best)) best = port;
    }
    return best === undefined ? undefined : ports.get(best)?.[0];
  }

  private verdictOn(sessionId: number): Verdict {
    const member = this.members.get(sessionId);
    const refused = (member?.mappings ?? []).flatMap((mapping): Refusal[] => {
      if (mapping.externalDomain === this.gatewayHost) return [{ id: mapping.id, code: 'domain_reserved' }];
      const owner = this.names.get(mapping.externalDomain)?.get(mapping.externalPort)?.[0];
      return owner?.agentId === member?.identity.agentId ? [] : [{ id: mapping.id, code: 'domain_taken' }];
    });
    return { sessionId, revision: member?.revision ?? 0, refused };
  }

  /** Keeps the session's place in line, or takes one: before older wires of its agent, behind other agents. */
  private claim(sessionId: number, agentId: string, mapping: WireMapping): void {
    const claim: Claim = { sessionId, agentId, mappingId: mapping.id };
    const ports = this.names.get(mapping.externalDomain) ?? new Map<number, Claim[]>();
    const line = ports.get(mapping.externalPort) ?? [];
    const ownPlace = line.findIndex((other) => other.sessionId === sessionId);
    const agentPlace = line.findIndex((other) => other.agentId === agentId);
    if (ownPlace >= 0) line[ownPlace] = claim;
    else line.splice(agentPlace < 0 ? line.length : agentPlace, 0, claim);
    this.names.set(mapping.externalDomain, ports.set(mapping.externalPort, line));
  }

  /** Takes a session out of these lines; the verdicts on those who are first by that. */
  private dropClaims(sessionId: number, mappings: readonly WireMapping[]): Verdict[] {
    const promoted = new Set<number>();
    for (const { externalDomain, externalPort } of mappings) {
      const ports = this.names.get(externalDomain);
      const line = ports?.get(externalPort) ?? [];
      const left = line.filter((claim) => claim.sessionId !== sessionId);
      const [first] = left;
      if (first !== undefined && first.agentId !== line[0]?.agentId) promoted.add(first.sessionId);
      if (left.length > 0) ports?.set(externalPort, left);
      else ports?.delete(externalPort);
      if (ports?.size === 0) this.names.delete(externalDomain);
    }
    return [...promoted].map((id) => this.verdictOn(id));
  }

  /** Another wire of its boot has said as much or more, or another boot has the identity now: revisions of two boots do not compare. */
  private isSpokenFor({ identity, revision }: Member): boolean {
    return [...this.members.values()].some(
      (other) =>
        other.identity.agentId === identity.agentId &&
        (other.identity.epoch !== identity.epoch || other.revision >= revision),
    );
  }

  private forgetExpired(): void {
    for (const [domain, loss] of this.losses) {
      if (this.nowMs() - loss.atMs > this.leaseMs) this.losses.delete(domain);
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

function nameAndPort({ externalDomain, externalPort }: WireMapping): string {
  return `${externalDomain}:${externalPort}`;
}
