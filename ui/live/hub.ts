// The live hub's other end: one WebSocket that comes back by itself, and what it told, put together.

import { HUB_PATH, hubMessageSchema, type HubMessage } from '../../protocol/api/hub.ts';
import type { RequestLogEntry } from '../../protocol/api/logs.ts';
import type { MachineView } from '../../protocol/api/machines.ts';
import type { Route } from '../../protocol/api/mappings.ts';
import type { Status } from '../../protocol/api/status.ts';
import type { BrowserClock } from './browserClock.ts';

export interface HubLevels {
  readonly status: Status;
  readonly machines: readonly MachineView[];
  /** By mapping id. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly edition: number;
}

export interface HubOptions {
  readonly clock: BrowserClock;
  /** A new socket to the hub. No event comes before it is returned. */
  readonly connect: (events: SocketEvents) => HubSocket;
  /** Whether the agent answers at all; asked when the hub has been silent for long. */
  readonly isAgentThere: () => Promise<boolean>;
  readonly onLevels: (levels: HubLevels) => void;
  /** Requests that have ended; `left` more were too many to tell. */
  readonly onRequests: (items: readonly RequestLogEntry[], left: number) => void;
  readonly onLive: (isLive: boolean) => void;
  /** The socket was not let in, or sent away: perhaps nobody is logged in any more. */
  readonly onTurnedAway: () => void;
}

/** What happens to one socket. */
export interface SocketEvents {
  onOpen(): void;
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

/** A hub that says nothing for this long is asked after: browsers do not notice a dead connection by themselves. */
const SILENCE_MS = 20_000;

/** "Policy violation": the login has ended. */
const LOGGED_OUT = 1008;

/** The hub of the page's own agent. */
export function connectHub(events: SocketEvents): HubSocket {
  const url = new URL(HUB_PATH, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url);
  socket.addEventListener('open', () => events.onOpen());
  socket.addEventListener('message', ({ data }) => events.onMessage(data));
  socket.addEventListener('close', ({ code }) => events.onClose(code));
  return socket;
}

/** Dials at once, and until it is stopped. */
export function createHub(options: HubOptions): Hub {
  const { clock } = options;
  let socket: HubSocket | null = null;
  let levels: HubLevels | null = null;
  let isLive = false;
  let pauseMs = FIRST_PAUSE_MS;
  let isStopped = false;
  /** Calls off whatever is waited for: the next dial, the first message, the end of a silence. */
  let cancelTimer = (): void => {};

  function wait(delayMs: number, callback: () => void): void {
    cancelTimer();
    cancelTimer = clock.setTimer(delayMs, callback);
  }

  function dial(): void {
    let hasOpened = false;
    const mine = options.connect({
      onOpen() {
        hasOpened = true;
      },
      onMessage(data) {
        if (socket === mine) hear(data);
      },
      onClose(code) {
        if (socket !== mine) return;
        lose();
        if (!hasOpened || code === LOGGED_OUT) options.onTurnedAway();
      },
    });
    socket = mine;
    wait(OPENING_MS, lose);
  }

  function hear(data: unknown): void {
    wait(SILENCE_MS, lookAfter);
    const message = parseMessage(data);
    // A newer agent may say more than we know.
    if (message === null) return;
    if (message.type === 'requests') {
      options.onRequests(message.items, message.left);
      return;
    }
    levels = mergedLevels(levels, message);
    if (levels === null) return;
    options.onLevels(levels);
    pauseMs = FIRST_PAUSE_MS;
    setLive(true);
  }

  function lookAfter(): void {
    const asked = socket;
    void options.isAgentThere().then((isThere) => {
      if (socket !== asked || isStopped) return;
      if (isThere) wait(SILENCE_MS, lookAfter);
      else lose();
    });
  }

  function lose(): void {
    const lost = socket;
    socket = null;
    levels = null;
    lost?.close();
    setLive(false);
    if (isStopped) return;
    const delayMs = pauseMs * (0.5 + clock.chance() / 2);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    wait(delayMs, dial);
  }

  function setLive(now: boolean): void {
    if (isLive === now) return;
    isLive = now;
    options.onLive(now);
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

/** Null for what is not ours. */
function parseMessage(data: unknown): HubMessage | null {
  if (typeof data !== 'string') return null;
  const parsed = hubMessageSchema.safeParse(jsonOf(data));
  return parsed.success ? parsed.data : null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Null for a change of what was never told. */
function mergedLevels(
  before: HubLevels | null,
  message: Exclude<HubMessage, { type: 'requests' }>,
): HubLevels | null {
  if (message.type === 'snapshot') {
    const { status, machines, edition, routes } = message;
    return { status, machines, edition, routes: new Map(Object.entries(routes)) };
  }
  if (before === null) return null;
  return {
    status: message.status ?? before.status,
    machines: message.machines ?? before.machines,
    edition: message.edition ?? before.edition,
    routes: message.routes === undefined ? before.routes : mergedRoutes(before.routes, message.routes),
  };
}

function mergedRoutes(
  before: ReadonlyMap<string, Route>,
  moved: Readonly<Record<string, Route | null>>,
): ReadonlyMap<string, Route> {
  const routes = new Map(before);
  for (const [id, route] of Object.entries(moved)) {
    if (route === null) routes.delete(id);
    else routes.set(id, route);
  }
  return routes;
}
