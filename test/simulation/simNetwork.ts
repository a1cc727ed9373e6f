// The simulated way between one agent and the gateway: dials, the wires that run, and everything that breaks them.

import type { ErrorCode } from '../../protocol/errors.ts';
import type { Wire, WireHandler } from '../../protocol/wire.ts';
import type { WireDialer } from '../../services/agent/dialer.ts';
import type { SimProcess } from './simProcess.ts';
import type { SimulatedClock } from './simulatedClock.ts';
import type { Trace } from './trace.ts';
import { SeededRandom } from './seededRandom.ts';
import { SimPipe, type Line, type PipeState } from './simPipe.ts';
import { SimWire } from './simWire.ts';

/** What a dial meets. A black hole loses packets, so that a dial in it goes through once the packets do. */
export type Reach = 'open' | 'refused' | 'blackhole' | 'swallowed';

/** When TCP sends a lost SYN again, after the first (RFC 6298 §2: doubling from one second). */
const SYN_RETRIES_MS = [1_000, 3_000, 7_000];

/** A refusal that comes this late was held back. */
const HELD_BACK_MS = 3_000;

/** The gateway as the network finds it; undefined while it is down. */
export interface GatewayEnd {
  readonly process: SimProcess;
  accept(address: string, open: (handler: WireHandler) => Wire): void;
  /** What passes over one of its wires in text. */
  onText?(pair: WirePair, how: 'said' | 'heard', text: string): void;
}

export interface WirePair {
  readonly agentId: string;
  readonly agent: SimWire;
  gateway: SimWire | undefined;
  up: SimPipe | undefined;
  down: SimPipe | undefined;
}

export class SimPath {
  readonly name: string;
  readonly agentId: string;
  /** Where its dials seem to come from: agents behind one router share it. */
  readonly address: string;
  readonly line: Line;
  reach: Reach = 'open';
  readonly pairs = new Set<WirePair>();
  private readonly clock: SimulatedClock;
  private readonly trace: Trace;
  private readonly random: SeededRandom;
  private readonly findGateway: () => GatewayEnd | undefined;
  private readonly onEnding: (who: string, code: ErrorCode, detail: string) => void;
  private dials = 0;

  constructor(options: {
    name: string;
    agentId?: string;
    address?: string;
    line: Line;
    clock: SimulatedClock;
    trace: Trace;
    seed: number;
    findGateway: () => GatewayEnd | undefined;
    onEnding: (who: string, code: ErrorCode, detail: string) => void;
  }) {
    this.name = options.name;
    this.agentId = options.agentId ?? options.name;
    this.address = options.address ?? options.name;
    this.line = options.line;
    this.clock = options.clock;
    this.trace = options.trace;
    this.random = new SeededRandom(options.seed);
    this.findGateway = options.findGateway;
    this.onEnding = options.onEnding;
  }

  dialerOf(process: SimProcess): WireDialer {
    return { dial: (handler) => this.dial(process, handler) };
  }

  /** Every wire of this path, or those of one end that has died. */
  breakAll(how: 'cut' | 'agentDied' | 'gatewayDied', isHalfOpen: boolean): void {
    for (const pair of [...this.pairs]) {
      if (how === 'cut') this.cut(pair);
      else if (how === 'agentDied') pair.agent.abandon(isHalfOpen);
      else pair.gateway?.abandon(isHalfOpen);
    }
  }

  /** Puts the running wires into a state, in both directions or in one. */
  change(state: PipeState, direction: 'both' | 'up' | 'down'): void {
    for (const { up, down } of this.pairs) {
      if (direction !== 'down') up?.change(state);
      if (direction !== 'up') down?.change(state);
    }
  }

  /** Wires that stalled go on. Where bytes were lost, nothing ever follows: TCP has no holes. */
  resume(): void {
    for (const { up, down } of this.pairs) {
      for (const pipe of [up, down]) if (pipe?.state === 'stalled') pipe.change('flowing');
    }
  }

  /** Wires that still carry bytes both ways. */
  get healthy(): WirePair[] {
    return [...this.pairs].filter(
      ({ agent, gateway, up, down }) =>
        agent.state === 'open' &&
        gateway?.state === 'open' &&
        up?.state === 'flowing' &&
        down?.state === 'flowing',
    );
  }

  /** Both ends are told, each in its own time: what was under way is lost, a message half through included. */
  private cut(pair: WirePair): void {
    pair.up?.change('broken');
    pair.down?.change('broken');
    for (const end of [pair.agent, pair.gateway]) {
      this.clock.setTimer(this.random.between(0, this.line.latencyMs), () => {
        this.trace.note(this.name, 'cut');
        if (end?.owner.isAlive === true) end.drop('wire_closed', 'reset');
      });
    }
  }

  private dial(process: SimProcess, handler: WireHandler & { onOpened(): void }): Wire {
    this.trace.count('dials');
    const pair: WirePair = {
      agentId: this.agentId,
      agent: new SimWire(process, handler, 'opening', {
        onEnding: (code, detail) => {
          this.onEnding(process.name, code, detail);
        },
        onOver: () => {
          this.retire(pair);
        },
      }),
      gateway: undefined,
      up: undefined,
      down: undefined,
    };
    this.pairs.add(pair);
    this.connect(pair, 0);
    return pair.agent;
  }

  private connect(pair: WirePair, tries: number): void {
    this.clock.setTimer(2 * this.line.latencyMs, () => {
      if (pair.agent.state !== 'opening') return;
      const gateway = this.findGateway();
      this.trace.note(this.name, `dial meets ${this.reach}`);
      if (this.reach === 'blackhole') {
        const againMs = SYN_RETRIES_MS[tries];
        if (againMs === undefined) return;
        this.clock.setTimer(againMs - (SYN_RETRIES_MS[tries - 1] ?? 0), () => {
          this.connect(pair, tries + 1);
        });
      } else if (this.reach === 'refused' || (gateway === undefined && this.reach === 'open')) {
        pair.agent.drop('dial_failed', 'refused');
      } else {
        this.establish(pair, this.reach === 'swallowed' ? undefined : gateway);
      }
      this.trace.count(`dial ${this.reach}`);
    });
  }

  /** Without a gateway a proxy answers the upgrade, and nobody is behind it. */
  private establish(pair: WirePair, gateway: GatewayEnd | undefined): void {
    this.dials += 1;
    const name = `${this.name}.${this.dials}`;
    const ends = { agent: () => pair.agent, gateway: () => pair.gateway };
    const up = this.pipe(`${name}.up`, ends.agent, ends.gateway);
    const down = this.pipe(`${name}.down`, ends.gateway, ends.agent);
    pair.up = up;
    pair.down = down;
    pair.agent.out = up;
    down.send({ kind: 'open' });
    if (gateway === undefined) {
      up.change('swallowing');
      return;
    }
    const openedMs = this.clock.nowMs();
    gateway.accept(this.address, (handler) => {
      const wire = new SimWire(gateway.process, handler, 'open', {
        onEnding: (code, detail) => {
          this.onEnding(gateway.process.name, code, detail);
          const isHeldBack = code === 'auth_failed' && this.clock.nowMs() - openedMs >= HELD_BACK_MS;
          if (isHeldBack) this.trace.count('refusals held back');
        },
        onText: (how, text) => {
          gateway.onText?.(pair, how, text);
        },
        onOver: () => {
          this.retire(pair);
        },
      });
      wire.out = down;
      pair.gateway = wire;
      return wire;
    });
  }

  private pipe(name: string, source: () => SimWire | undefined, target: () => SimWire | undefined): SimPipe {
    const { clock, trace, line } = this;
    return new SimPipe({
      clock,
      trace,
      name,
      line,
      random: new SeededRandom(this.random.between(0, 0x7fff_ffff)),
      deliver: (parcel) => target()?.deliver(parcel),
      tellTaken: (onTaken) => {
        source()?.tellTaken(onTaken);
      },
    });
  }

  private retire(pair: WirePair): void {
    const isOver = pair.agent.state === 'closed' && (pair.gateway?.state ?? 'closed') === 'closed';
    if (isOver) this.pairs.delete(pair);
  }
}
