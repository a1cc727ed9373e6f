// The model of who has which name, by the rules that the gateway documents: first come, first served; lost names are kept.

/** `name:port`. */
export type Key = string;

/** When the gateway may have heard of a claim, in pauses: between two of them the order of what happens is not known. */
interface Heard {
  readonly earliest: number;
  readonly latest: number;
}

/** Before every claim that can still come. */
const SEEN_FIRST: Heard = { earliest: -1, latest: -1 };

export interface FoundRoute {
  readonly owner: string;
  readonly key: Key;
}

/** What an agent publishes right now. */
export interface Speaker {
  readonly owner: string;
  readonly keys: readonly Key[];
}

export class Claims {
  private readonly lines = new Map<Key, Map<string, Heard>>();
  private readonly leases = new Map<Key, string>();
  /** Who has told this run of the gateway what it publishes. */
  private readonly spoken = new Set<string>();
  /** Claims given up since the last pause: the gateway may never have heard that they were. */
  private readonly givenUp = new Map<string, Heard>();
  private pauses = 0;
  private isGatewayUp = false;

  publish(owner: string, key: Key): void {
    if (!this.isGatewayUp) return;
    const before = this.givenUp.get(`${owner} ${key}`);
    const line = this.lines.get(key) ?? new Map<string, Heard>();
    line.set(owner, { earliest: before?.earliest ?? this.pauses, latest: this.pauses });
    this.lines.set(key, line);
  }

  unpublish(owner: string, key: Key): void {
    const line = this.lines.get(key);
    const heard = line?.get(owner);
    if (line === undefined || heard === undefined) return;
    line.delete(owner);
    this.givenUp.set(`${owner} ${key}`, heard);
  }

  /** It says itself what is its own: what it left out is gone. */
  agentCame({ owner, keys }: Speaker): void {
    if (!this.isGatewayUp) return;
    this.spoken.add(owner);
    for (const [key, leasedTo] of this.leases) if (leasedTo === owner) this.leases.delete(key);
    for (const key of keys) this.publish(owner, key);
  }

  /** The gateway has heard all it had to say, and now loses it: what nobody else has is kept for it. */
  agentLeft({ owner, keys }: Speaker): void {
    if (!this.isGatewayUp) return;
    for (const key of keys) {
      this.lines.get(key)?.delete(owner);
      this.givenUp.delete(`${owner} ${key}`);
      if ((this.lines.get(key)?.size ?? 0) === 0) this.leases.set(key, owner);
    }
  }

  /** It forgets everything. */
  gatewayLeft(): void {
    this.isGatewayUp = false;
    this.lines.clear();
    this.leases.clear();
    this.spoken.clear();
    this.givenUp.clear();
  }

  gatewayCame(speakers: readonly Speaker[]): void {
    this.isGatewayUp = true;
    for (const speaker of speakers) this.agentCame(speaker);
  }

  /** The gateway has seen for the first time what Caddy has from it. Whoever has spoken to this gateway is believed instead. */
  adopt(routes: readonly FoundRoute[]): void {
    for (const { owner, key } of routes)
      if (!this.spoken.has(owner) && !this.leases.has(key)) this.leases.set(key, owner);
  }

  /** Who may have each name that should be routed: most often one; several where nobody can know who came first. */
  owners(): Map<Key, ReadonlySet<string>> {
    const owners = new Map<Key, ReadonlySet<string>>();
    for (const [key, owner] of this.leases) owners.set(key, new Set([owner]));
    for (const [key, line] of this.lines) {
      const first = [...line].filter(([, { earliest }]) =>
        [...line.values()].every(({ latest }) => latest >= earliest),
      );
      if (first.length > 0) owners.set(key, new Set(first.map(([owner]) => owner)));
    }
    return owners;
  }

  isLive(owner: string, key: Key): boolean {
    return this.lines.get(key)?.has(owner) === true;
  }

  /** A pause: everything has been heard, and these are who has the names. They keep them. */
  sawOwners(seen: ReadonlyMap<Key, string>): void {
    this.pauses += 1;
    this.givenUp.clear();
    for (const [key, owner] of seen) {
      const line = this.lines.get(key);
      if (line?.has(owner) === true) line.set(owner, SEEN_FIRST);
    }
  }
}
