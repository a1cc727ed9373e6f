// The agent's way up: the connection actor, a link for each of its dials, and the level of what it has reached.

import { BehaviorSubject, type Observable } from 'rxjs';
import type { SnapshotFrom } from 'xstate';
import type { Actors } from '../actors.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../../machines/clock.ts';
import type { ConfigSnapshot } from '../../machines/configSync.ts';
import type { LinkDialer } from '../../machines/attempt.ts';
import type { Random } from '../../machines/random.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { Identity, TokenPort } from '../../protocol/tokens.ts';
import type { ScheduleFlush } from '../../protocol/wire.ts';
import type { Forwarder } from './forwarder.ts';
import type { WireDialer } from './dialer.ts';
import { connectionMachine } from '../../machines/connection.ts';
import { connectionStatus } from '../../machines/connectionStatus.ts';
import { nameOf } from '../actors.ts';
import { loadOf, type ChannelLoad } from '../channelLoad.ts';
import { WireLink } from '../link.ts';

export interface UplinkOptions {
  readonly actors: Actors;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: TokenPort;
  readonly schedule: ScheduleFlush;
  readonly dialer: WireDialer;
  readonly forwarder: Forwarder;
  readonly identity: Omit<Identity, 'attempt'>;
  readonly version: string;
  readonly drainMs: number;
}

/** Where the tunnel stands. `sinceMs` is milliseconds since 1970. */
export interface UplinkStatus extends ReturnType<typeof connectionStatus> {
  readonly state: string;
  readonly sinceMs: number;
  /** How long after `sinceMs` the next dial is due; null while none is planned. */
  readonly restMs: number | null;
}

export interface Uplink {
  /** Completes once every wire has ended after `stop`, or when the connection's actor has failed. */
  readonly status$: Observable<UplinkStatus>;
  readonly status: UplinkStatus;
  /** What all wires carry right now. */
  load(): ChannelLoad;
  /** A new revision of the mappings: goes out at once, or with the next tunnel. The first one starts the dialling. */
  offer(config: ConfigSnapshot): void;
  reconnect(): void;
  /** Leaves politely; `onGone` is called once every wire has ended, at once when none is left. */
  stop(onGone: () => void): void;
}

const ACTOR_ID = 'connection';

type Snapshot = SnapshotFrom<typeof connectionMachine>;

export function createUplink(options: UplinkOptions): Uplink {
  const { actors, bus, clock, forwarder, schedule } = options;
  /** Those that have not ended. */
  const wires = new Set<WireLink>();
  const links: LinkDialer = {
    dial: (_attempt, report) => {
      const link = new WireLink(
        {
          clock,
          schedule,
          report: (event) => {
            if (event.type === 'link.closed') wires.delete(link);
            report(event);
          },
          accept: (stream, head) => forwarder.accept(stream, head),
        },
        (handler) => options.dialer.dial(handler),
      );
      wires.add(link);
      return link;
    },
  };
  const { tokens, random, identity, version, drainMs } = options;
  const config: ConfigSnapshot = { revision: 0, mappings: [] };
  const actor = actors.start(ACTOR_ID, connectionMachine, {
    links,
    tokens,
    random,
    identity,
    version,
    config,
    drainMs,
  });
  const status$ = new BehaviorSubject<UplinkStatus>(read(clock.wallMs()));
  let isLeaving = false;

  actor.subscribe({
    next: () => {
      const now = read(status$.value.sinceMs);
      show(now);
      if (!isLeaving || now.state !== 'offline') return;
      actors.stop(ACTOR_ID);
      status$.complete();
    },
    // The registry hears of the error. Here it is the end: nobody may wait for what cannot come any more.
    error: () => {
      show({ ...status$.value, state: 'offline' });
      status$.complete();
    },
  });

  function show(now: UplinkStatus): void {
    const before = status$.value;
    const hasMoved = now.state !== before.state;
    status$.next(hasMoved ? { ...now, sinceMs: clock.wallMs() } : now);
    const isOnline = isOnlineState(now.state);
    if (isOnline === isOnlineState(before.state)) return;
    // A tunnel that is stopped has no error: the log of connections tells it from one whose end nobody saw.
    const code = now.state === 'stopping' ? ('stopped' as const) : null;
    const lost: { code: ErrorCode | null; detail: string } = now.lastError ?? { code, detail: '' };
    bus.publish(() => ({
      type: 'tunnel.changed',
      tunnel: ACTOR_ID,
      state: isOnline ? 'online' : 'offline',
      ...lost,
    }));
  }

  function read(sinceMs: number): UplinkStatus {
    const { value, context, children } = actor.getSnapshot();
    const state = nameOf(value);
    return { state, sinceMs, restMs: restOf(state, context, children), ...connectionStatus(context) };
  }

  return {
    status$,
    get status() {
      return status$.value;
    },
    load: () => loadOf(wires),
    offer(next) {
      actor.send({ type: 'config.changed', config: next });
      actor.send({ type: 'start' });
    },
    reconnect() {
      actor.send({ type: 'reconnect' });
    },
    stop(onGone) {
      isLeaving = true;
      status$.subscribe({ complete: onGone });
      actor.send({ type: 'stop' });
    },
  };
}

/** The machine draws its rests, the clock is ours: together they tell when it dials next. */
function restOf(
  state: string,
  { rejectedMs }: Snapshot['context'],
  { backoff }: Snapshot['children'],
): number | null {
  if (state === 'rejected') return rejectedMs;
  if (state !== 'waiting' || backoff === undefined) return null;
  const { context } = backoff.getSnapshot();
  return 'gapMs' in context ? context.gapMs : null;
}

/** New requests reach this agent. */
export function isOnlineState(state: string): boolean {
  return state.startsWith('online');
}
