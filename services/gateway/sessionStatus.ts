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
import { Paced } from './paced.ts';

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
  private readonly paced: Paced;

  constructor(options: SessionStatusOptions) {
    this.options = options;
    const { clock, schedule } = options;
    this.paced = new Paced({ clock, schedule, dueMs: () => this.dueMs(), tell: () => this.tell() });
  }

  /** One of these actors has moved. */
  onMoved(): void {
    this.paced.onMoved();
  }

  /** The session has ended. */
  stop(): void {
    this.paced.stop();
  }

  private dueMs(): number | null {
    const { own, all } = statesOf(this.options.family());
    const nowMs = this.options.clock.nowMs();
    if (own !== this.told.own) return Math.max(nowMs, this.toldAtMs + STATUS_GAP_MS);
    return all === this.told.all ? null : nowMs + SETTLE_MS;
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
