// Names whose tunnel is gone for now: whose they were, and since when. Each is forgotten after a while.

import type { DesiredRoute } from './routeBook.ts';

interface Lease {
  readonly owner: string;
  readonly id: string;
  readonly atMs: number;
}

export class Leases {
  /** By name, then by port. */
  private readonly byDomain = new Map<string, Map<number, Lease>>();
  private readonly leaseMs: number;
  private readonly nowMs: () => number;

  constructor(leaseMs: number, nowMs: () => number) {
    this.leaseMs = leaseMs;
    this.nowMs = nowMs;
  }

  /** The name is lost from now on. */
  add(route: DesiredRoute): void {
    const ports = this.byDomain.get(route.domain) ?? new Map<number, Lease>();
    ports.set(route.port, { owner: route.owner, id: route.id, atMs: this.nowMs() });
    this.byDomain.set(route.domain, ports);
  }

  /** Since when the name has been lost; on whatever port, the newest loss, when none is told. */
  lostAtMs(domain: string, port: number | null): number | undefined {
    const lost = [...(this.byDomain.get(domain) ?? [])]
      .filter(([its, lease]) => (port === null || its === port) && this.isRunning(lease))
      .map(([, { atMs }]) => atMs);
    return lost.length === 0 ? undefined : Math.max(...lost);
  }

  routes(): DesiredRoute[] {
    return [...this.byDomain].flatMap(([domain, ports]) =>
      [...ports]
        .filter(([, lease]) => this.isRunning(lease))
        .map(([port, { owner, id }]) => ({ owner, id, domain, port })),
    );
  }

  forgetOwner(owner: string): void {
    this.forget((lease) => lease.owner === owner);
  }

  forgetExpired(): void {
    this.forget((lease) => !this.isRunning(lease));
  }

  private isRunning({ atMs }: Lease): boolean {
    return this.nowMs() - atMs <= this.leaseMs;
  }

  private forget(isOver: (lease: Lease) => boolean): void {
    for (const [domain, ports] of this.byDomain) {
      for (const [port, lease] of ports) if (isOver(lease)) ports.delete(port);
      if (ports.size === 0) this.byDomain.delete(domain);
    }
  }
}
