// One watcher of the hub: what it has not heard yet, told at a pace it can bear, and its end when it cannot.

import type { WebSocket } from 'ws';
import type { Clock } from '../../machines/clock.ts';
import type { HubMessage } from '../../protocol/api/hub.ts';
import type { RequestLogEntry } from '../../protocol/api/logs.ts';
import { instantOf } from '../../protocol/api/values.ts';
import { isEmptyChange, mergeChanges, type HubChange, type HubLevels } from './hubLevels.ts';

/** Between two messages. Lowered: more than ten a second, which no person reads and every one of which costs. */
export const MESSAGE_GAP_MS = 100;

/** What a socket may hold for a client that does not read. Raised: more memory each; lowered: a snapshot of 20,000 mappings does not fit. */
export const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** Requests in one message. Raised: a busy agent spends more of its time telling of requests than serving them. */
export const MAX_TOLD_REQUESTS = 50;

/** What a client may send between two pings. Raised: more work for what is ignored. */
const MAX_HEARD = 100;

type Kind = 'change' | 'requests' | 'time';

/** Pings without an answer. */
const MAX_UNANSWERED_PINGS = 1;

export class HubClient {
  private readonly socket: WebSocket;
  private readonly clock: Clock;
  private isStarted = false;
  private change: HubChange = {};
  private requests: RequestLogEntry[] = [];
  private leftRequests = 0;
  /** Kinds of messages that are due, the one that has waited longest first. */
  private readonly due = new Set<Kind>();
  /** Null when nothing was sent within the last gap. */
  private cancelGap: (() => void) | null = null;
  private unansweredPings = 0;
  private heard = 0;

  constructor(socket: WebSocket, clock: Clock) {
    this.socket = socket;
    this.clock = clock;
    socket.on('pong', () => (this.unansweredPings = 0));
    for (const event of ['message', 'ping']) socket.on(event, () => this.noteHeard());
  }

  /** The first message. Nothing is told before. */
  start(levels: HubLevels): void {
    this.isStarted = true;
    this.send({ type: 'snapshot', now: this.now(), ...levels });
  }

  tell(change: HubChange): void {
    if (!this.isStarted || isEmptyChange(change)) return;
    this.change = mergeChanges(this.change, change);
    this.plan('change');
  }

  tellRequest(row: RequestLogEntry): void {
    if (!this.isStarted) return;
    this.requests.push(row);
    if (this.requests.length > MAX_TOLD_REQUESTS) {
      this.requests.shift();
      this.leftRequests += 1;
    }
    this.plan('requests');
  }

  /** By a ping, and by a message: pages see no pings. */
  ping(): void {
    this.heard = 0;
    if (this.isStarted) this.plan('time');
    if (this.unansweredPings >= MAX_UNANSWERED_PINGS) this.drop();
    else this.socket.ping();
    this.unansweredPings += 1;
  }

  sendAway(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  /** Ends it at once: it would not hear a farewell. */
  drop(): void {
    this.socket.terminate();
  }

  /** The last call: no timer is left. */
  release(): void {
    this.isStarted = false;
    this.cancelGap?.();
    this.cancelGap = null;
  }

  private noteHeard(): void {
    this.heard += 1;
    if (this.heard > MAX_HEARD) this.drop();
  }

  private plan(kind: Kind): void {
    this.due.add(kind);
    if (this.cancelGap === null) this.sendNext();
  }

  private sendNext(): void {
    const [kind] = this.due;
    if (kind === undefined || this.socket.readyState !== this.socket.OPEN) return;
    this.due.delete(kind);
    this.send(this.take(kind));
  }

  private take(kind: Kind): HubMessage {
    if (kind === 'time') return { type: 'time', now: this.now() };
    return kind === 'change' ? this.takeChange() : this.takeRequests();
  }

  private takeChange(): HubMessage {
    const { change } = this;
    this.change = {};
    return { type: 'change', ...change };
  }

  private takeRequests(): HubMessage {
    const { requests: items, leftRequests: left } = this;
    this.requests = [];
    this.leftRequests = 0;
    return { type: 'requests', items, left };
  }

  private now(): string {
    return instantOf(this.clock.wallMs());
  }

  private send(message: HubMessage): void {
    if (this.socket.bufferedAmount > MAX_HELD_BYTES) {
      this.drop();
      return;
    }
    this.socket.send(JSON.stringify(message));
    this.cancelGap = this.clock.setTimer(MESSAGE_GAP_MS, () => {
      this.cancelGap = null;
      this.sendNext();
    });
  }
}
