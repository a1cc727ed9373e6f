// The live hub: WebSockets over which dashboards hear how things stand, and whatever changes.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { combineLatest, Subscription, type Observable } from 'rxjs';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock } from '../../machines/clock.ts';
import type { RequestLogEntry } from '../../protocol/api/logs.ts';
import { HUB_BEAT_MS, HUB_PATH } from '../../protocol/api/hub.ts';
import type { Log } from '../log.ts';
import { isKnownName, refuseAmbiguous } from './api/app.ts';
import { ProblemError, problemOf } from './api/problems.ts';
import { endWithProblem } from './api/rawProblem.ts';
import { HubClient } from './hubClient.ts';
import { changeBetween, type HubLevels } from './hubLevels.ts';

export interface HubOptions {
  /** Each tells its newest value at once, and every change. They are followed only while somebody watches. */
  readonly levels: { readonly [Level in keyof HubLevels]: Observable<HubLevels[Level]> };
  /** Requests that have ended, until the returned function is called. */
  readonly onRequest: (listener: (row: RequestLogEntry) => void) => () => void;
  readonly allowedHosts: readonly string[];
  /** Throws a ProblemError unless the request comes from somebody who is logged in, and from our own pages. */
  readonly authenticate: (request: IncomingMessage) => void;
  readonly isStillLoggedIn: (request: IncomingMessage) => boolean;
  readonly clock: Clock;
  readonly log: Pick<Log, 'debug' | 'error'>;
}

export interface Hub {
  /** Takes over a connection that asks to become a WebSocket; answers what it refuses. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Who watches. */
  readonly count: number;
  /** Somebody has logged out: whoever watched by that login is sent away now, not at the next ping. */
  onLogout(): void;
  /** Takes no more, sends everybody away; resolves when they have gone. */
  close(): Promise<void>;
}

/** Who watches at once. Raised: every change is written that many times on the loop that relays bytes. */
export const MAX_HUB_CLIENTS = 32;

/** Nobody has anything to say to the hub. Raised: more memory for what is ignored. */
const MAX_MESSAGE_BYTES = 1024;

/** How long a client may take to leave. Raised: one that is dead holds up the stop. */
const PARTING_MS = 1_000;

/** "Going away" (RFC 6455 §7.4.1). */
const GOING_AWAY = 1001;
/** "Policy violation": the login has ended. */
const LOGGED_OUT = 1008;
/** "Internal error": a fault of ours; who comes again hears everything anew. */
const FAILED = 1011;

export function createHub(options: HubOptions): Hub {
  const { levels, clock, log } = options;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  // The handshake itself is wrong: ws would answer without our headers.
  server.on('wsClientError', (_error, socket) => {
    endWithProblem(socket, new ProblemError('malformed'));
  });
  const clients = new Map<HubClient, IncomingMessage>();
  let following: Following | null = null;
  /** Set once the hub closes. */
  let onGone: (() => void) | null = null;

  function admit(socket: WebSocket, request: IncomingMessage): void {
    const client = new HubClient(socket, clock);
    clients.set(client, request);
    socket.on('error', (error) => {
      log.debug({ error }, 'A watcher of the hub has failed.');
    });
    socket.on('close', () => {
      client.release();
      clients.delete(client);
      if (clients.size > 0) return;
      following?.end();
      following = null;
      onGone?.();
    });
    if (following === null) follow();
    else if (following.newest !== null) client.start(following.newest);
  }

  /** From the first client to the last: a hub that nobody watches costs nothing. */
  function follow(): void {
    const followed: Following = { newest: null, end: () => {} };
    following = followed;
    const leaveRequests = options.onRequest((row) => {
      for (const client of clients.keys()) client.tellRequest(row);
    });
    let cancelPing = clock.setTimer(HUB_BEAT_MS, ping);
    function ping(): void {
      cancelPing = clock.setTimer(HUB_BEAT_MS, ping);
      sendLoggedOutAway();
      for (const client of clients.keys()) client.ping();
    }
    const subscription = new Subscription();
    followed.end = () => {
      subscription.unsubscribe();
      leaveRequests();
      cancelPing();
    };
    // The last of all: a level may fail while it is subscribed to.
    subscription.add(
      combineLatest(levels).subscribe({
        next: (now) => {
          // Made once for all who watch: thousands of routes are compared.
          const change = followed.newest === null ? null : changeBetween(followed.newest, now);
          followed.newest = now;
          for (const client of clients.keys()) {
            if (change === null) client.start(now);
            else client.tell(change);
          }
        },
        error: (error: unknown) => giveUp(followed, error),
      }),
    );
  }

  /** A stream that has failed says nothing more: whoever comes again has a new one. */
  function giveUp(followed: Following, error: unknown): void {
    log.error(
      { error },
      'The hub cannot tell how things stand: who watches is sent away, and may come again.',
    );
    followed.end();
    if (following === followed) following = null;
    for (const client of clients.keys()) client.sendAway(FAILED, 'Something went wrong inside the agent.');
  }

  function sendLoggedOutAway(): void {
    for (const [client, request] of clients)
      if (!options.isStillLoggedIn(request)) client.sendAway(LOGGED_OUT, 'Log in again.');
  }

  function check(request: IncomingMessage): void {
    refuseAmbiguous(request);
    const { pathname, hostname } = placeOf(request);
    if (!isKnownName(hostname, options.allowedHosts)) throw new ProblemError('unknown_name');
    if (pathname !== HUB_PATH) throw new ProblemError('not_found');
    options.authenticate(request);
    if (clients.size >= MAX_HUB_CLIENTS || onGone !== null) throw new ProblemError('too_many');
  }

  return {
    upgrade(request, socket, head) {
      try {
        check(request);
      } catch (thrown) {
        const problem = problemOf(thrown);
        if (problem.code === 'internal') log.error({ error: thrown }, 'A watcher could not be let in.');
        endWithProblem(socket, problem);
        return;
      }
      server.handleUpgrade(request, socket, head, (client) => admit(client, request));
    },
    get count() {
      return clients.size;
    },
    onLogout: sendLoggedOutAway,
    close() {
      return new Promise((resolve) => {
        if (clients.size === 0) {
          onGone = resolve;
          resolve();
          return;
        }
        const cancel = clock.setTimer(PARTING_MS, () => {
          for (const client of clients.keys()) client.drop();
        });
        onGone = () => {
          cancel();
          resolve();
        };
        for (const client of clients.keys()) client.sendAway(GOING_AWAY, 'The agent stops.');
      });
    },
  };
}

interface Following {
  /** Null until every level has told its value. */
  newest: HubLevels | null;
  end: () => void;
}

/** A Host or target that is none of ours leads nowhere. */
function placeOf({ headers, url }: IncomingMessage): { pathname: string; hostname: string } {
  const [pathname = ''] = (url ?? '').split('?', 1);
  return { pathname, hostname: URL.parse(`http://${headers.host ?? ''}`)?.hostname ?? '' };
}
