// A simulated gateway: the real relays, tunnels and directory over simulated ports, and the ways to end it.

import type { Wire, WireHandler } from '../../protocol/wire.ts';
import type { Invariants } from './invariants.ts';
import type { Plan } from './plans.ts';
import type { SimulatedClock } from './simulatedClock.ts';
import type { GatewayEnd, WirePair } from './simNetwork.ts';
import type { Trace } from './trace.ts';
import { createActors, type Actors } from '../../services/actors.ts';
import { createBus } from '../../services/bus.ts';
import { Directory } from '../../services/gateway/directory.ts';
import { createRelays, type Relays } from '../../services/gateway/relays.ts';
import { RouteBook } from '../../services/gateway/routeBook.ts';
import { createTunnels, type Tunnels } from '../../services/gateway/tunnels.ts';
import { WireLink } from '../../services/link.ts';
import { Ownership } from './ownership.ts';
import { SimProcess } from './simProcess.ts';
import { createSimTokens } from './simTokens.ts';
import { SimVisitor } from './simVisitor.ts';

/** How long Caddy may take until it serves what is desired. */
const MAX_CADDY_MS = 400;
const APPLIED = { state: 'applied', reason: '' } as const;

/** How long a lost name is remembered. */
const LEASE_MS = 24 * 60 * 60_000;

export interface GatewayTerms {
  /** The current one, and in a rotation the one before. */
  readonly secrets: readonly string[];
  readonly headTimeoutMs: number;
  readonly drainMs: number;
  readonly lifetimeMs: number;
  readonly renewAfterMs: number;
  /** A request goes down a tunnel. */
  readonly onSent: (requestId: string) => void;
}

export interface WorldParts {
  readonly clock: SimulatedClock;
  readonly trace: Trace;
  readonly invariants: Invariants;
}

export class SimGateway implements GatewayEnd {
  readonly process: SimProcess;
  readonly directory: Directory;
  readonly tunnels: Tunnels;
  readonly relays: Relays;
  readonly actors: Actors;
  /** By session id. */
  readonly links = new Map<number, WireLink>();
  readonly ownership = new Ownership();
  isListening = true;
  private readonly parts: WorldParts;
  private readonly drainMs: number;
  private readonly visitors = new Set<SimVisitor>();
  private accepted = 0;

  constructor(parts: WorldParts, terms: GatewayTerms, name: string, seed: number) {
    const { clock, trace, invariants } = parts;
    this.parts = parts;
    this.drainMs = terms.drainMs;
    const process = new SimProcess(clock, trace, {
      name,
      seed,
      bootMs: seed % 90_000,
      skewMs: (seed % 7) * 600_000,
    });
    this.process = process;
    const bus = createBus((error, fact) => {
      invariants.nothingThrows(error, `${name} ${fact.type}`);
    });
    bus.on('relay.finished', ({ outcome }) => {
      trace.count(`relays ${outcome.kind}`);
    });
    bus.on('tunnel.changed', ({ state, code }) => {
      trace.count(`tunnels ${state}`);
      if (code === 'auth_expired') trace.count('sessions expired');
      if (code === 'peer_silent') trace.count('half-open deaths');
    });
    bus.on('tunnel.refused', ({ code }) => {
      trace.count(code === 'auth_failed' ? 'strangers refused' : `refused ${code}`);
    });
    this.actors = createActors(process.clock, (id, error) => {
      invariants.nothingThrows(error, `${name} ${id}`);
    });
    this.directory = new Directory({
      gatewayHost: null,
      offeredPorts: null,
      leaseMs: LEASE_MS,
      nowMs: () => process.clock.nowMs(),
    });
    const tokens = createSimTokens(process, terms.secrets);
    const routeBook = new RouteBook();
    this.tunnels = createTunnels({
      actors: this.actors,
      bus,
      clock: process.clock,
      random: process.random,
      tokens: {
        ...tokens,
        sign: (purpose, claims, wallMs, key, onSigned) => {
          if (key > 0) trace.count('proofs with an older secret');
          tokens.sign(purpose, claims, wallMs, key, onSigned);
        },
      },
      schedule: process.schedule,
      directory: this.directory,
      version: '1.0.0',
      gatewayHost: null,
      lifetimeMs: terms.lifetimeMs,
      renewAfterMs: terms.renewAfterMs,
      drainMs: terms.drainMs,
      routeBook,
      commonActors: () => [],
    });
    const { tunnels } = this;
    // A Caddy that has whatever it should, a while later.
    tunnels.onChange(() => {
      process.after(seed % MAX_CADDY_MS, 'Caddy has its routes', () => {
        routeBook.note(this.directory.desiredRoutes().map((route) => [route, APPLIED]));
      });
    });
    this.relays = createRelays({
      tunnels: {
        ...tunnels,
        open: (sessionId, head, makeHandler) => {
          const stream = tunnels.open(sessionId, head, makeHandler);
          terms.onSent(head.requestId);
          const link = this.links.get(sessionId);
          invariants.answererOwns(
            link !== undefined && this.ownership.owns(link, head.mappingId),
            head.requestId,
          );
          return stream;
        },
      },
      clock: process.clock,
      bus,
      headTimeoutMs: terms.headTimeoutMs,
    });
  }

  accept(address: string, open: (handler: WireHandler) => Wire): void {
    this.tunnels.accept({ address, dialled: '' }, (handler) => {
      this.accepted += 1;
      if (handler instanceof WireLink) this.links.set(this.accepted, handler);
      return open(handler);
    });
  }

  onText(pair: WirePair, how: 'said' | 'heard', text: string): void {
    const type = this.ownership.note(pair, how, text);
    if (how === 'said' && type !== null) this.parts.trace.count(`gateway says ${type}`);
  }

  visit(plan: Plan, onEnded: (visitor: SimVisitor) => void): SimVisitor {
    const { clock, trace, invariants } = this.parts;
    const visitor = new SimVisitor({
      plan,
      gateway: this.process,
      trace,
      invariants,
      nowMs: () => clock.nowMs(),
      onEnded: (ended) => {
        this.visitors.delete(ended);
        onEnded(ended);
      },
    });
    this.visitors.add(visitor);
    visitor.attach(this.relays.serve(visitor));
    return visitor;
  }

  /** True when a request for `host` would take one of these wires. */
  leadsTo(host: string, wires: readonly WirePair[]): boolean {
    const found = this.directory.find(host, null);
    if (found.kind !== 'live') return false;
    const link = this.links.get(found.sessionId);
    return wires.some(({ gateway }) => gateway?.handler === link);
  }

  /** All of it ends in an instant; the wires are the network's to break. */
  crash(): void {
    this.isListening = false;
    this.process.kill();
    for (const visitor of [...this.visitors]) visitor.onGatewayDied();
  }

  /** As its main does it: no new visitors, tunnels drain, what is left is ended, and slow readers get a while. */
  stop(onStopped: () => void): void {
    const { clock } = this.process;
    const untilMs = clock.nowMs() + this.drainMs;
    const exitOnceRead = () => {
      this.process.after(50, 'waits for readers', () => {
        if (this.visitors.size > 0 && clock.nowMs() < untilMs) {
          exitOnceRead();
          return;
        }
        this.checkNothingIsLeft();
        onStopped();
      });
    };
    this.isListening = false;
    this.tunnels.drain(() => {
      this.relays.endAll('draining');
      exitOnceRead();
    });
  }

  checkLedgers(): void {
    const contested = this.ownership.contested();
    this.parts.invariants.nameHasOneOwner(contested === null, contested ?? '');
    for (const link of this.links.values())
      checkLedger(link, this.parts.invariants, this.process.name, false);
  }

  private checkNothingIsLeft(): void {
    const { invariants } = this.parts;
    const { name, pendingTimers } = this.process;
    invariants.tableIsEmpty(this.relays.list(), name);
    invariants.nothingIsLeft(pendingTimers === 0, `${name}: ${pendingTimers} timers`);
    const actors = this.actors.list().map(({ id }) => id);
    invariants.nothingIsLeft(actors.length === 0, `${name}: ${actors.join()}`);
    invariants.nothingIsLeft(this.tunnels.count === 0, `${name}: ${this.tunnels.count} tunnels`);
  }
}

/** `isSettled`: nothing is under way on it any more. */
export function checkLedger(
  { channel }: WireLink,
  invariants: Invariants,
  name: string,
  isSettled: boolean,
): void {
  if (channel === undefined) return;
  const ledger = channel.ledger();
  invariants.ledgerIsBounded(ledger, name);
  if (isSettled) invariants.ledgerIsSettled(ledger, name);
}
