// One world from one seed: it runs until all has settled and everything is shut down, or an invariant breaks.

import type { Violation } from './invariants.ts';
import type { Plan } from './plans.ts';
import type { SimExchange } from './simOrigin.ts';
import type { SimVisitor } from './simVisitor.ts';
import { newMappingSchema } from '../../protocol/mapping.ts';
import { applyFault, heal } from './applyFault.ts';
import { Invariants } from './invariants.ts';
import { SECRET } from './secret.ts';
import { SeededRandom } from './seededRandom.ts';
import { AgentSite } from './simAgent.ts';
import { SimGateway } from './simGateway.ts';
import { SimPath } from './simNetwork.ts';
import { SimulatedClock } from './simulatedClock.ts';
import { Trace } from './trace.ts';
import {
  checkOnline,
  checkReturned,
  checkSettled,
  checkTold,
  isCalm,
  onlineWithinMs,
  probe,
  shutDown,
  STOPPED_WITHIN_MS,
} from './worldEnd.ts';
import { playSequels } from './sequels.ts';
import { drawWorld, type WorldPlan } from './worldPlan.ts';

/** Once faults have stopped: a dead wire is noticed (12 s), a request held (5 s), answered or timed out, and read. */
const SETTLED_WITHIN_MS = 60_000;

/** What is under way on a healthy wire has arrived. */
const ARRIVED_MS = 3_000;

/** Events between two looks at every ledger. */
const LEDGER_EVERY = 24;

/** Events that a world may take. */
const MAX_EVENTS = 3_000_000;

export interface WorldReport {
  readonly seed: number;
  readonly violation: Violation | null;
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly counters: ReadonlyMap<string, number>;
  readonly tail: readonly string[];
}

export function runWorld(seed: number, tailLines = 60): WorldReport {
  return new World(seed).run(tailLines);
}

export class World {
  readonly clock = new SimulatedClock();
  readonly trace = new Trace(this.clock);
  readonly invariants = new Invariants();
  readonly plan: WorldPlan;
  readonly sites: AgentSite[] = [];
  gateway: SimGateway | undefined;
  isQuiet = false;
  /** What the gateway is started with. */
  secrets: readonly string[] = [SECRET];
  private readonly seed: number;
  readonly random: SeededRandom;
  readonly plans = new Map<string, Plan>();
  readonly visitors = new Map<string, SimVisitor>();
  private readonly received = new Map<string, number>();
  openVisitors = 0;
  private events = 0;
  private starts = 0;
  private ids = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new SeededRandom(Math.imul(seed, 0x9e37_79b1) ^ 0x5bd1);
    this.plan = drawWorld(this.random);
  }

  run(tailLines: number): WorldReport {
    try {
      this.live();
    } catch (error) {
      this.invariants.nothingThrows(error, 'the world');
    }
    return {
      seed: this.seed,
      violation: this.invariants.violation,
      hash: this.trace.hash,
      events: this.events,
      virtualMs: this.clock.nowMs(),
      counters: this.trace.counters,
      tail: this.trace.tail(tailLines),
    };
  }

  // What faults do to the world.

  startGateway(): void {
    if (this.gateway !== undefined) return;
    this.starts += 1;
    const { headTimeoutMs, drainMs, lifetimeMs, renewAfterMs } = this.plan;
    const onSent = (requestId: string) => {
      this.checkSent(requestId);
    };
    const { secrets } = this;
    const terms = { secrets, headTimeoutMs, drainMs, lifetimeMs, renewAfterMs, onSent };
    const seed = this.random.between(0, 0x7fff_ffff);
    this.gateway = new SimGateway(this, terms, `gateway.${this.starts}`, seed);
  }

  startAgent(site: AgentSite): void {
    if (site.agent !== undefined) return;
    site.start(this, {
      trace: this.trace,
      invariants: this.invariants,
      planOf: (requestId) => this.plans.get(requestId),
      onReceived: (exchange) => {
        this.checkReceived(exchange);
      },
    });
  }

  visit(plan: Plan): void {
    const { gateway } = this;
    this.plans.set(plan.requestId, plan);
    this.trace.note(plan.requestId, `asks ${plan.method} ${plan.host}`);
    this.trace.count('visits');
    if (gateway?.isListening !== true) {
      this.trace.count('visitors without a gateway');
      return;
    }
    this.openVisitors += 1;
    const visitor = gateway.visit(plan, (ended) => {
      this.openVisitors -= 1;
      this.checkEnded(ended);
    });
    this.visitors.set(plan.requestId, visitor);
  }

  private live(): void {
    const { plan } = this;
    this.startGateway();
    plan.agents.forEach((agent, n) => {
      this.buildSite(agent, n);
    });
    for (const { atMs, plan: visit } of plan.visits)
      this.clock.setTimer(atMs, () => {
        this.visit(visit);
      });
    for (const { atMs, fault } of plan.faults)
      this.clock.setTimer(atMs, () => {
        applyFault(this, fault);
      });
    this.runUntil(plan.quietMs);
    heal(this);
    this.isQuiet = true;
    // A gateway that was leaving at that moment is back once it has drained.
    this.runUntil(plan.quietMs + STOPPED_WITHIN_MS, () => this.gateway?.isListening === true);
    this.runUntil(this.clock.nowMs() + onlineWithinMs(this));
    if (this.isBroken()) return;
    checkOnline(this);
    const probes = probe(this);
    this.runUntil(plan.quietMs + SETTLED_WITHIN_MS, () => isCalm(this));
    if (this.isBroken()) return;
    checkSettled(this);
    for (const check of probes) check();
    this.runUntil(this.clock.nowMs() + ARRIVED_MS);
    checkReturned(this);
    checkTold(this);
    playSequels(this);
    shutDown(this);
  }

  isBroken(): boolean {
    return this.invariants.violation !== null;
  }

  private buildSite(agent: WorldPlan['agents'][number], n: number): void {
    const path = new SimPath({
      name: agent.name,
      agentId: agent.agentId,
      address: agent.address,
      line: agent.line,
      clock: this.clock,
      trace: this.trace,
      seed: this.random.between(0, 0x7fff_ffff),
      findGateway: () => (this.gateway?.isListening === true ? this.gateway : undefined),
      onEnding: (who, code, detail) => {
        this.trace.note(who, `ends a wire: ${code} ${detail}`);
        this.invariants.honestEndsAgree(code, `${who} ${detail}`);
      },
    });
    const { drainMs, connectTimeoutMs } = this.plan;
    const terms = {
      name: agent.name,
      agentId: agent.agentId,
      knowsSecret: agent.knowsSecret,
      path,
      drainMs,
      connectTimeoutMs,
      seed: this.random.between(0, 0x7fff_ffff),
    };
    // A copied data folder holds the same ids.
    const copied = this.sites.find((each) => each.terms.agentId === agent.agentId)?.store.snapshot().mappings;
    let created = 0;
    const site = new AgentSite(terms, this, () => copied?.[created++]?.id ?? this.newId());
    for (const { domain, port } of agent.mappings) {
      const draft = newMappingSchema.parse({
        name: domain,
        externalDomain: domain,
        internalHost: `10.0.0.${n}`,
        internalPort: port,
        internalProtocol: 'http',
      });
      site.store.create(draft).catch(() => undefined);
    }
    this.sites.push(site);
    this.clock.setTimer(agent.startMs, () => {
      this.startAgent(site);
    });
  }

  private newId(): string {
    this.ids += 1;
    return `10000000-0000-4000-8000-${String(this.ids).padStart(12, '0')}`;
  }

  runUntil(ms: number, isDone?: () => boolean): void {
    for (;;) {
      const next = this.clock.nextDueMs;
      if (next === null || next > ms || this.invariants.violation !== null) break;
      this.clock.runNext();
      this.events += 1;
      if (this.events > MAX_EVENTS) throw new Error('the world does not come to rest');
      if (this.events % LEDGER_EVERY === 0) this.checkLedgers();
      if (isDone?.() === true) return;
    }
    if (this.invariants.violation === null) this.clock.runUntil(ms);
  }

  private checkLedgers(): void {
    this.gateway?.checkLedgers();
    for (const { agent } of this.sites) agent?.checkLedgers();
  }

  private checkReceived({ plan }: SimExchange): void {
    const { requestId, method, up, isUpgrade } = plan;
    const times = (this.received.get(requestId) ?? 0) + 1;
    this.received.set(requestId, times);
    if (times > 1) this.trace.count('resends');
    const isSafe = ['GET', 'HEAD', 'OPTIONS'].includes(method) && up === null && !isUpgrade;
    this.invariants.isNotRepeated(times <= (isSafe ? 2 : 1), requestId, `received ${times} times`);
  }

  private checkSent(requestId: string): void {
    const hasHead = this.visitors.get(requestId)?.hasHead === true;
    this.invariants.isNotRepeated(!hasHead, requestId, 'sent after its answer began');
  }

  private checkEnded(visitor: SimVisitor): void {
    const { plan, ending, endedMs, startedMs } = visitor;
    if (ending?.kind === 'error')
      this.invariants.errorIsHonest(ending.code, plan.origin.fault, plan.requestId);
    if (ending?.kind === 'error' && endedMs - startedMs > 1_000) this.trace.count('holds or timeouts');
    if (ending?.kind !== 'left' || visitor.isThrough || !this.plan.isCalm) return;
    const slack = Math.max(...this.plan.agents.map(({ line }) => 4 * line.latencyMs + 4 * line.jitterMs));
    const isSlow = this.plan.agents.some(({ line }) => line.bytesPerMs < 500);
    this.clock.setTimer(1_000 + slack + (isSlow ? 8_000 : 0), () => {
      const isLeft = this.sites.some(({ agent }) =>
        [...(agent?.origins.exchanges ?? [])].some(
          (exchange) => exchange.plan === plan && !exchange.isFinishing,
        ),
      );
      this.invariants.leaverCancels(!isLeft, plan.requestId);
    });
  }
}
