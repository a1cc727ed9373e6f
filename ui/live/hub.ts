// The live hub's other end: one WebSocket that comes back by itself.

import {
  HUB_BEAT_MS,
  HUB_PATH,
  hubMessageKindSchema,
  hubMessageSchema,
  type HubMessage,
} from '../../protocol/api/hub.ts';
import type { RequestLogEntry } from '../../protocol/api/logs.ts';
import type { BrowserClock } from './browserClock.ts';
import { mergedLevels, type HubLevels } from './hubLevels.ts';

/** `outdated`: the hub speaks, and this page, of another version than the agent, does not understand. */
export type HubState = 'away' | 'live' | 'outdated';

export interface HubOptions {
  readonly clock: Pick<BrowserClock, 'setTimer' | 'chance'>;
  /** A new socket to the hub. No event comes before it is returned. */
  readonly connect: (events: SocketEvents) => HubSocket;
  /** The agent's wall time, as it says it. */
  readonly onTime: (agentMs: number) => void;
  readonly onLevels: (levels: HubLevels) => void;
  /** Requests that have ended; `left` more were too many to tell. */
  readonly onRequests: (items: readonly RequestLogEntry[], left: number) => void;
  /** `away` at first. */
  readonly onState: (state: HubState) => void;
  /** The socket was not let in, was told nothing, or was sent away: perhaps nobody is logged in any more. */
  readonly onTurnedAway: () => void;
}

/** What happens to one socket. */
export interface SocketEvents {
  onMessage(data: unknown): void;
  /** With the code of its close (RFC 6455 §7.4.1). */
  onClose(code: number): void;
}

export interface HubSocket {
  close(): void;
}

export interface Hub {
  /** Dials now instead of waiting; nothing while it is live. */
  hurry(): void;
  /** The network went: the socket is given up without waiting for its end. */
  drop(): void;
  stop(): void;
}

/** The first pause, and the longest: it doubles, and a part of it is drawn. Raised: the page stays grey for longer. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** The first message must be there by then; a page that says "connecting" for longer looks broken. */
const OPENING_MS = 8_000;

/**
 * A hub that says nothing for this long is dead: two of its beats are missing. Raised: what is old is called live for
 * longer; lowered: one beat that a slow network holds up ends a sound connection.
 */
const SILENCE_MS = 2.5 * HUB_BEAT_MS;

/** "Policy violation": the login has ended. */
const LOGGED_OUT = 1008;

/** The hub of the page's own agent. */
export function connectHub(events: SocketEvents): HubSocket {
  const url = new URL(HUB_PATH, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url);
  socket.addEventListener('message', ({ data }) => events.onMessage(data));
  socket.addEventListener('close', ({ code }) => events.onClose(code));
  return socket;
}

/** Dials at once, and until it is stopped. */
export function createHub(options: HubOptions): Hub {
  const { clock } = options;
  let socket: HubSocket | null = null;
  let levels: HubLevels | null = null;
  let state: HubState = 'away';
  let pauseMs = FIRST_PAUSE_MS;
  let isStopped = false;
  /** Calls off whatever is waited for: the next dial, the first message, the end of a silence. */
  let cancelTimer = (): void => {};

  function wait(delayMs: number, callback: () => void): void {
    cancelTimer();
    cancelTimer = clock.setTimer(delayMs, callback);
  }

  function dial(): void {
    let isHeard = false;
    const mine = options.connect({
      onMessage(data) {
        if (socket !== mine) return;
        isHeard = true;
        hear(data);
      },
      onClose(code) {
        if (socket !== mine) return;
        lose();
        if (!isHeard || code === LOGGED_OUT) options.onTurnedAway();
      },
    });
    socket = mine;
    wait(OPENING_MS, () => {
      lose();
      options.onTurnedAway();
    });
  }

  function hear(data: unknown): void {
    wait(SILENCE_MS, lose);
    const message = parseMessage(data);
    if (message === 'unknown') return;
    if (message === 'unreadable') {
      // What comes now may build on what was not understood.
      levels = null;
      enter('outdated');
      return;
    }
    if (message.type === 'requests') {
      options.onRequests(message.items, message.left);
      return;
    }
    if (message.type !== 'change') options.onTime(Date.parse(message.now));
    if (message.type === 'time') return;
    levels = mergedLevels(levels, message);
    if (levels === null) return;
    options.onLevels(levels);
    pauseMs = FIRST_PAUSE_MS;
    enter('live');
  }

  function lose(): void {
    const lost = socket;
    socket = null;
    levels = null;
    lost?.close();
    enter('away');
    if (isStopped) return;
    const delayMs = pauseMs * (0.5 + clock.chance() / 2);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    wait(delayMs, dial);
  }

  function enter(next: HubState): void {
    if (state === next) return;
    state = next;
    options.onState(next);
  }

  dial();
  return {
    hurry() {
      if (isStopped || socket !== null) return;
      pauseMs = FIRST_PAUSE_MS;
      dial();
    },
    drop() {
      if (!isStopped && socket !== null) lose();
    },
    stop() {
      isStopped = true;
      cancelTimer();
      lose();
    },
  };
}

/** `unknown`: a newer agent may say more than we know, and it is left alone; `unreadable`: it says what we need otherwise. */
function parseMessage(data: unknown): HubMessage | 'unknown' | 'unreadable' {
  const json = typeof data === 'string' ? jsonOf(data) : undefined;
  const kind = hubMessageKindSchema.safeParse(json);
  if (!kind.success || !hubMessageSchema.options.some(({ shape }) => shape.type.value === kind.data.type))
    return 'unknown';
  const parsed = hubMessageSchema.safeParse(json);
  return parsed.success ? parsed.data : 'unreadable';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
