// A simulated agent: the real uplink, forwarder and mappings over simulated ports; its site outlives its crashes.

import type { Mapping, MappingPatch } from '../../protocol/mapping.ts';
import type { StoreSnapshot, StoreWrite } from '../../services/agent/store/store.ts';
import type { SimPath } from './simNetwork.ts';
import type { WorldParts } from './simGateway.ts';
import { createActors, type Actors } from '../../services/actors.ts';
import { createBus } from '../../services/bus.ts';
import { createForwarder, type Forwarder } from '../../services/agent/forwarder.ts';
import { configOf, createMappings, type Mappings } from '../../services/agent/mappings.ts';
import { createMemoryStore, type MemoryStore } from '../../services/agent/store/memoryStore.ts';
import { createUplink, isOnlineState, type Uplink } from '../../services/agent/uplink.ts';
import { WireLink } from '../../services/link.ts';
import { checkLedger } from './simGateway.ts';
import {
  createSimOrigins,
  placeOf,
  type OriginsDesk,
  type SimExchange,
  type SimOrigins,
} from './simOrigin.ts';
import { SECRET } from './secret.ts';
import { SimProcess } from './simProcess.ts';
import { createSimTokens } from './simTokens.ts';

/** Access ends this long after the agent was told, at the latest. */
const ACCESS_ENDS_MS = 1_000;

export interface AgentTerms {
  readonly name: string;
  readonly agentId: string;
  readonly knowsSecret: boolean;
  readonly path: SimPath;
  readonly drainMs: number;
  readonly connectTimeoutMs: number;
  readonly seed: number;
}

/** What survives a crash of the agent: its store, and what it has been told of it. */
export class AgentSite {
  readonly terms: AgentTerms;
  readonly store: MemoryStore;
  /** What it is started with. */
  secret: string;
  /** The store as the running agent must see it. */
  told: StoreSnapshot = { revision: 0, mappings: [] };
  agent: SimAgent | undefined;
  private readonly nowMs: () => number;
  private boots = 0;
  /** When the last edit so far is heard. */
  private heardMs = 0;

  constructor(terms: AgentTerms, parts: WorldParts, newId: () => string) {
    this.terms = terms;
    this.secret = terms.knowsSecret ? SECRET : 'a guess';
    this.nowMs = () => parts.clock.nowMs();
    this.store = createMemoryStore({ wallMs: () => parts.clock.wallMs(), newId });
    void this.store.open();
  }

  start(parts: WorldParts, desk: OriginsDesk): void {
    this.boots += 1;
    this.told = this.store.snapshot();
    this.agent = new SimAgent(this, parts, desk, this.boots);
  }

  get isOnline(): boolean {
    return this.agent !== undefined && isOnlineState(this.agent.uplink.status.state);
  }

  /** The agent leaves politely, and its process ends. */
  stop(onStopped: () => void): void {
    const { agent } = this;
    agent?.stop(() => {
      agent.crash();
      this.terms.path.breakAll('agentDied', false);
      this.agent = undefined;
      onStopped();
    });
  }

  /** Its process ends in an instant. */
  crash(isHalfOpen: boolean): void {
    this.agent?.crash();
    this.agent = undefined;
    this.terms.path.breakAll('agentDied', isHalfOpen);
  }

  enabled(): Mapping[] {
    return this.told.mappings.filter(({ enabled }) => enabled);
  }

  /** True when a request for `host` may go to `place` by what the agent has been told. */
  leads(host: string, place: string): boolean {
    return this.enabled().some(
      (mapping) =>
        mapping.externalDomain === host &&
        `${mapping.internalProtocol}://${mapping.internalHost}:${mapping.internalPort}` === place,
    );
  }

  /** Disables and enables, or the other way round: the agent hears the second before the first. */
  editTwice(id: string, isEnabled: boolean): void {
    const { heardMs } = this;
    this.edit(id, { enabled: !isEnabled }, 20);
    this.commit(id, { enabled: isEnabled }, Math.max(heardMs, this.nowMs() + 5));
  }

  /** Commits at once; the running agent hears of it after `answerMs`, and of one after the other. */
  edit(id: string, patch: MappingPatch | 'remove', answerMs: number): void {
    this.heardMs = Math.max(this.heardMs, this.nowMs() + answerMs);
    this.commit(id, patch, this.heardMs);
  }

  private commit(id: string, patch: MappingPatch | 'remove', heardMs: number): void {
    const before = this.store.snapshot().mappings.find((mapping) => mapping.id === id);
    if (before === undefined) return;
    const answer = patch === 'remove' ? this.store.remove(id) : this.store.update(id, patch);
    answer.catch(() => undefined);
    const after = this.store.snapshot();
    const mapping = after.mappings.find((each) => each.id === id) ?? before;
    const write: StoreWrite = { revision: after.revision, mapping, isChanged: true };
    const { agent } = this;
    agent?.process.after(heardMs - this.nowMs(), `told revision ${after.revision}`, () => {
      if (after.revision > this.told.revision) this.told = after;
      agent.hear(write, patch === 'remove');
    });
  }
}

export class SimAgent {
  readonly process: SimProcess;
  readonly origins: SimOrigins;
  readonly forwarder: Forwarder;
  readonly uplink: Uplink;
  readonly actors: Actors;
  readonly links = new Set<WireLink>();
  private readonly site: AgentSite;
  private readonly parts: WorldParts;
  private readonly mappings: Mappings;
  private readonly following: { unsubscribe(): void };

  constructor(site: AgentSite, parts: WorldParts, desk: OriginsDesk, boot: number) {
    const { terms } = site;
    const { clock, trace, invariants } = parts;
    const name = `${terms.name}.${boot}`;
    this.site = site;
    this.parts = parts;
    const seed = terms.seed + boot;
    this.process = new SimProcess(clock, trace, {
      name,
      seed,
      bootMs: seed % 70_000,
      skewMs: -(seed % 5) * 900_000,
    });
    const { process } = this;
    const bus = createBus((error, fact) => {
      invariants.nothingThrows(error, `${name} ${fact.type}`);
    });
    this.actors = createActors(process.clock, (id, error) => {
      invariants.nothingThrows(error, `${name} ${id}`);
    });
    this.mappings = createMappings();
    this.mappings.load(site.store.snapshot());
    this.origins = createSimOrigins(process, {
      ...desk,
      onReceived: (exchange) => {
        const { plan, request } = exchange;
        const place = placeOf(request);
        invariants.mappingIsCurrent(site.leads(plan.host, place), plan.requestId, `${name} asked ${place}`);
        desk.onReceived(exchange);
      },
    });
    this.forwarder = createForwarder({
      origins: this.origins,
      clock: process.clock,
      bus,
      connectTimeoutMs: terms.connectTimeoutMs,
      findMapping: (id) => this.mappings.findEnabled(id),
    });
    const dialer = terms.path.dialerOf(process);
    this.uplink = createUplink({
      actors: this.actors,
      bus,
      clock: process.clock,
      random: process.random,
      tokens: createSimTokens(process, [site.secret]),
      schedule: process.schedule,
      dialer: {
        dial: (handler) => {
          if (handler instanceof WireLink) this.links.add(handler);
          return dialer.dial(handler);
        },
      },
      forwarder: this.forwarder,
      identity: { agentId: terms.agentId, epoch: `${terms.name}-boot-${boot}`, slot: 0 },
      version: '1.0.0',
      drainMs: terms.drainMs,
    });
    this.following = this.mappings.mappings$.subscribe((view) => {
      this.uplink.offer(configOf(view));
      this.forwarder.onMappingsChanged();
    });
    let wasOnline = false;
    this.uplink.status$.subscribe(({ state, lastError }) => {
      const isShut = terms.knowsSecret && lastError?.code === 'auth_failed';
      invariants.secretOpens(!isShut, `${name} was refused`);
      const isOnline = isOnlineState(state);
      if (isOnline && !wasOnline) trace.count('reconnects');
      wasOnline = isOnline;
    });
  }

  hear(write: StoreWrite, isRemoved: boolean): void {
    const unwelcome = [...this.origins.exchanges].filter((exchange) => !this.mayGoOn(exchange));
    if (isRemoved) this.mappings.drop(write);
    else this.mappings.apply(write);
    this.parts.trace.count('edits heard');
    for (const exchange of unwelcome) {
      this.parts.trace.count('streams revoked');
      this.process.after(ACCESS_ENDS_MS, 'access must have ended', () => {
        this.parts.invariants.accessEnds(exchange.isOver || exchange.isFinishing, exchange.plan.requestId);
      });
    }
  }

  crash(): void {
    this.process.kill();
  }

  stop(onStopped: () => void): void {
    // The mappings are followed to the end: access that is withdrawn while streams drain ends as well.
    this.uplink.stop(() => {
      this.following.unsubscribe();
      this.process.after(1, 'exits', () => {
        this.checkNothingIsLeft();
        onStopped();
      });
    });
  }

  checkLedgers(): void {
    for (const link of this.links) checkLedger(link, this.parts.invariants, this.process.name, false);
  }

  private mayGoOn({ plan, request }: SimExchange): boolean {
    return this.site.leads(plan.host, placeOf(request));
  }

  private checkNothingIsLeft(): void {
    const { invariants } = this.parts;
    const { name, pendingTimers } = this.process;
    invariants.tableIsEmpty(this.forwarder.list(), name);
    invariants.nothingIsLeft(pendingTimers === 0, `${name}: ${pendingTimers} timers`);
    const actors = this.actors.list().map(({ id }) => id);
    invariants.nothingIsLeft(actors.length === 0, `${name}: ${actors.join()}`);
    const running = [...this.origins.exchanges].filter((exchange) => !exchange.isFinishing);
    invariants.nothingIsLeft(running.length === 0, `${name}: ${running.length} origin requests`);
  }
}
