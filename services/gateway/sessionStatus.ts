// Tells an agent how its own session and the gateway's own actors stand: what has moved is told soon and once, never in a flood.

import type { ActorView } from '../actors.ts';
import type { Clock } from '../../machines/clock.ts';
import type { ControlOf, ToldMachine } from '../../protocol/control.ts';
import type { ScheduleFlush } from '../../protocol/wire.ts';
import { HEARTBEAT_TICK_MS } from '../../machines/heartbeat.ts';
import {
  MAX_TOLD_CHARS,
  MAX_TOLD_MACHINES,
  MAX_TOLD_TRANSITIONS,
  STATUS_GAP_MS,
} from '../../protocol/limits.ts';
import { eventNameOf } from '../chart.ts';

/**
 * How long a move of another actor than the session waits. An idle tunnel's heartbeat is quiet for one tick every few seconds: what is
 * undone by then is never told. Raised: a silent agent's state is seen later; lowered: an idle tunnel costs bandwidth.
 */
const SETTLE_MS = 2 * HEARTBEAT_TICK_MS;

export interface SessionStatusOptions {
  readonly clock: Clock;
  readonly schedule: ScheduleFlush;
  /** The session's actor first, then those below it and those of the gateway itself. */
  readonly family: () => readonly ActorView[];
  /** The wire takes new streams: only then it is the one that its agent shows. */
  readonly isServing: () => boolean;
  readonly send: (message: ControlOf<'gateway_status'>) => void;
}

export class SessionStatus {
  private readonly options: SessionStatusOptions;
  /** What the agent knows: the session's own state, and all states with their actors. */
  private told = { own: '', all: '' };
  private toldAtMs = -Infinity;
  private isLookDue = false;
  private timer: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  private isOver = false;

  constructor(options: SessionStatusOptions) {
    this.options = options;
  }

  /** One of these actors has moved. */
  onMoved(): void {
    if (this.isLookDue || this.isOver) return;
    this.isLookDue = true;
    this.options.schedule(() => {
      this.isLookDue = false;
      this.look();
    });
  }

  /** The session has ended. */
  stop(): void {
    this.isOver = true;
    this.timer?.cancel();
    this.timer = undefined;
  }

  private look(): void {
    if (this.isOver) return;
    const { own, all } = statesOf(this.options.family());
    const nowMs = this.options.clock.nowMs();
    if (own !== this.told.own) this.tellAt(Math.max(nowMs, this.toldAtMs + STATUS_GAP_MS));
    else if (all !== this.told.all) this.tellAt(nowMs + SETTLE_MS);
  }

  private tellAt(dueMs: number): void {
    if (this.timer !== undefined && this.timer.dueMs <= dueMs) return;
    this.timer?.cancel();
    this.timer = undefined;
    const waitMs = dueMs - this.options.clock.nowMs();
    if (waitMs <= 0) this.tell();
    else this.timer = { dueMs, cancel: this.options.clock.setTimer(waitMs, () => this.onDue()) };
  }

  private onDue(): void {
    this.timer = undefined;
    this.tell();
  }

  private tell(): void {
    if (!this.options.isServing()) return;
    const family = this.options.family();
    const states = statesOf(family);
    if (states.all === this.told.all) return;
    this.told = states;
    this.toldAtMs = this.options.clock.nowMs();
    const machines = family.slice(0, MAX_TOLD_MACHINES).map((view) => toldOf(view));
    this.options.send({ type: 'gateway_status', machines });
  }
}

function statesOf(family: readonly ActorView[]): { own: string; all: string } {
  return { own: family[0]?.state ?? '', all: family.map(({ id, state }) => `${id} ${state}`).join('\n') };
}

function toldOf({ id, machine, state, sinceMs, transitions }: ActorView): ToldMachine {
  return {
    id: clip(id),
    machine: clip(machine),
    state: clip(state),
    sinceMs,
    transitions: transitions.slice(-MAX_TOLD_TRANSITIONS).map(({ event, from, to, atMs }) => ({
      event: clip(eventNameOf(event)),
      from: clip(from),
      to: clip(to),
      atMs,
    })),
  };
}

function clip(name: string): string {
  return name.slice(0, MAX_TOLD_CHARS);
}
