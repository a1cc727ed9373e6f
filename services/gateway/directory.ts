// Who publishes what: the claims of live sessions on public names, and the names whose tunnel was just lost.

import type { WireMapping } from '../../protocol/mapping.ts';
import type { Identity } from '../../protocol/tokens.ts';
import type { Refusal } from '../../machines/configSync.ts';
import type { DesiredRoute } from './routeBook.ts';
import { Leases } from './leases.ts';

/** One session's wish for one name and port. */
interface Claim {
  readonly sessionId: number;
  readonly agentId: string;
  readonly mappingId: string;
}

interface Member {
  readonly identity: Identity;
  readonly revision: number;
  readonly mappings: readonly WireMapping[];
}

export interface DirectoryOptions {
  /** The gateway's own public name, which no mapping may take. */
  readonly gatewayHost: string | null;
  /** The external ports a mapping may have; null: any, as nothing in front of the gateway has to listen on them. */
  readonly offeredPorts: ReadonlySet<number> | null;
  /** A lost name is remembered for so long: its visitors hear 503 and not 404, and it keeps its route. */
  readonly leaseMs: number;
  readonly nowMs: () => number;
}

/** What a name leads to right now. */
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

/** Names that are kept from mappings, as agents have dialled them. Raised: an agent with the secret and many names takes more memory. */
const MAX_RESERVED = 100;

/**
 * The routing table. A name and port belong to the first live agent that claims them; others wait in line and are told
 * when their turn comes. The wires of one agent are one owner, the newest in front. Where the port is not told, as with
 * nothing in front of the gateway, 443 wins, else the lowest.
 */
export class Directory {
  private readonly members = new Map<number, Member>();
  /** Claims by name and port, the owner first. */
  private readonly names = new Map<string, Map<number, Claim[]>>();
  private readonly leases: Leases;
  /** Agents that have told what they publish, online or not. Null: what was found is adopted, and nobody asks any more. */
  private heard: Set<string> | null = new Set();
  /** Names that lead to the gateway itself. */
  private readonly reserved = new Set<string>();
  private readonly offeredPorts: ReadonlySet<number> | null;

  constructor({ gatewayHost, offeredPorts, leaseMs, nowMs }: DirectoryOptions) {
    this.reserve(gatewayHost ?? '');
    this.offeredPorts = offeredPorts;
    this.leases = new Leases(leaseMs, nowMs);
  }

  /** `port` is the external one that a request came to; null: it is not known. */
  find(host: string, port: number | null): Found {
    const ports = this.names.get(host);
    const claim = ports?.get(port ?? bestOf(ports.keys()))?.[0];
    const member = claim === undefined ? undefined : this.members.get(claim.sessionId);
    if (claim !== undefined && member !== undefined) {
      return {
        kind: 'live',
        sessionId: claim.sessionId,
        mappingId: claim.mappingId,
        revision: member.revision,
      };
    }
    const atMs = this.leases.lostAtMs(host, port);
    return atMs === undefined ? { kind: 'unknown' } : { kind: 'lost', atMs };
  }

  /** True for a host that a mapping owns on some port, live or lately lost: the gateway's own paths do not exist there. */
  isOwned(host: string): boolean {
    return this.find(host, null).kind !== 'unknown';
  }

  /** The routes there should be: one for each name and port that is live or leased, in the order of names and ports. */
  desiredRoutes(): DesiredRoute[] {
    const live = [...this.names].flatMap(([domain, ports]) =>
      [...ports].flatMap(([port, line]) =>
        line.slice(0, 1).map(({ agentId, mappingId }) => ({ owner: agentId, id: mappingId, domain, port })),
      ),
    );
    const leased = this.leases.routes().filter(({ domain, port }) => !this.isLive(domain, port));
    return [...live, ...leased].toSorted(inOrder);
  }

  /** Agents reach the gateway by this name: a mapping of it would lock them out. Empty: they need none. */
  reserve(name: string): void {
    if (name !== '' && this.reserved.size < MAX_RESERVED) this.reserved.add(name.toLowerCase());
  }

  /** Takes routes that were found as leased from now on, unless their owner has spoken since: it says itself what is its own. Once: later calls change nothing. */
  adopt(routes: readonly DesiredRoute[]): void {
    const { heard } = this;
    if (heard === null) return;
    this.heard = null;
    for (const route of routes) {
      const { owner, domain, port } = route;
      const isKnown = heard.has(owner) || this.leases.lostAtMs(domain, port) !== undefined;
      if (!isKnown && this.refusalOf(domain, port) === null) this.leases.add(route);
    }
  }

  /** Puts a session's newest revision in force; the verdicts on it (first) and on those whose turn has come by it. */
  apply(
    sessionId: number,
    identity: Identity,
    revision: number,
    mappings: readonly WireMapping[],
  ): [Verdict, ...Verdict[]] {
    // An agent that speaks again says itself what it publishes: a name it left out is gone, not lost.
    this.leases.forgetOwner(identity.agentId);
    this.heard?.add(identity.agentId);
    const before = this.members.get(sessionId)?.mappings ?? [];
    const kept = new Set(mappings.map(nameAndPort));
    this.members.set(sessionId, { identity, revision, mappings });
    const promoted = this.dropClaims(
      sessionId,
      before.filter((mapping) => !kept.has(nameAndPort(mapping))),
    );
    for (const mapping of mappings) {
      const isAllowed = this.refusalOf(mapping.externalDomain, mapping.externalPort) === null;
      if (isAllowed) this.claim(sessionId, identity.agentId, mapping);
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
    this.leases.forgetExpired();
    for (const route of routesOf(member)) {
      // The gateway's own name was never theirs to lose: agents could not dial it any more.
      const isTheirs = this.refusalOf(route.domain, route.port) === null;
      if (isTheirs && !this.isLive(route.domain, route.port)) this.leases.add(route);
    }
    return promoted;
  }

  /** Mappings in the session's revision in force, refused ones included. */
  mappingCount(sessionId: number): number {
    return this.members.get(sessionId)?.mappings.length ?? 0;
  }

  /** What the session's revision in force asks for, refused mappings included. */
  routesOf(sessionId: number): DesiredRoute[] {
    const member = this.members.get(sessionId);
    return member === undefined ? [] : routesOf(member);
  }

  /** The session has a revision in force. */
  isInForce(sessionId: number): boolean {
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

  private isLive(domain: string, port: number): boolean {
    return this.names.get(domain)?.has(port) === true;
  }

  /** Why nobody may publish this. */
  private refusalOf(domain: string, port: number): Refusal['code'] | null {
    if (this.reserved.has(domain)) return 'domain_reserved';
    return this.offeredPorts?.has(port) === false ? 'port_not_offered' : null;
  }

  private verdictOn(sessionId: number): Verdict {
    const member = this.members.get(sessionId);
    const refused = (member?.mappings ?? []).flatMap(({ id, externalDomain, externalPort }): Refusal[] => {
      const code = this.refusalOf(externalDomain, externalPort);
      if (code !== null) return [{ id, code }];
      const owner = this.names.get(externalDomain)?.get(externalPort)?.[0];
      return owner?.agentId === member?.identity.agentId ? [] : [{ id, code: 'domain_taken' }];
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
}

/** Of a name's ports the one that serves when none is told; its ports are never empty. */
function bestOf(ports: Iterable<number>): number {
  let best = Infinity;
  for (const port of ports) if (rankOf(port) < rankOf(best)) best = port;
  return best;
}

function rankOf(port: number): number {
  return port === 443 ? -1 : port;
}

function nameAndPort({ externalDomain, externalPort }: WireMapping): string {
  return `${externalDomain}:${externalPort}`;
}

function routesOf({ identity, mappings }: Member): DesiredRoute[] {
  return mappings.map(({ id, externalDomain, externalPort }) => ({
    owner: identity.agentId,
    id,
    domain: externalDomain,
    port: externalPort,
  }));
}

function inOrder(one: DesiredRoute, other: DesiredRoute): number {
  if (one.domain === other.domain) return one.port - other.port;
  return one.domain < other.domain ? -1 : 1;
}
