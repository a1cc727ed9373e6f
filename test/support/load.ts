// Load on a tunnel in which every answer is checked to be its own: small, bulk, uploads, event streams, WebSockets.

import { createHash, randomUUID } from 'node:crypto';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { ID_HEADER, Pattern, smallBody } from './loadOrigin.ts';

/** Where visitors go: an address, and the public name they ask for. */
export interface Target {
  readonly address?: string;
  readonly port: number;
  readonly name: string;
  /** The label of the origin that must answer. */
  readonly label?: string;
}

/**
 * What became of one exchange. `ok`; `wrong`: bytes that are not the origin's, or a cut body that looks complete;
 * `misattributed`: another request's answer; `hung`: nothing happened for too long. These three must never be. Honest ends:
 * `refused`: no connection; `unanswered`: a connection that ended without a byte; `cut`: broken off visibly; else the
 * gateway's error, such as `503 tunnel_offline`.
 */
export type Outcome = string;

const NEVER: readonly Outcome[] = ['wrong', 'misattributed', 'hung'];

/** No byte for so long: the exchange is stuck. Above every hold and deadline of the product but the origin's own head. */
const PATIENCE_MS = 30_000;

/** Events and echoes of one exchange, and the time between two echoes. */
const EVENTS = 40;
const ECHOES = 40;
const ECHO_MS = 40;

/** After anything but success a lane waits: a closed port is not asked thousands of times. */
const REST_MS = 50;

export type Kind = 'small' | 'download' | 'upload' | 'events' | 'socket';

export interface LoadOptions {
  readonly target: Target;
  /** How many exchanges of each kind run at any time. */
  readonly lanes: Readonly<Partial<Record<Kind, number>>>;
  readonly bulkBytes?: number;
  /** Each lane rests so long between two exchanges; without it the mix takes all the processor it gets. */
  readonly restMs?: number;
}

export interface Load {
  readonly counts: LoadCounts;
  /** Lets every exchange that runs come to its end. */
  stop(): Promise<void>;
}

/** How many exchanges ended how, by kind. */
export class LoadCounts {
  private readonly counts = new Map<string, number>();

  add(kind: string, outcome: Outcome): void {
    const key = `${kind} ${outcome}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  total(isCounted: (outcome: Outcome) => boolean = () => true): number {
    return [...this.counts].reduce((sum, [key, count]) => sum + (isCounted(outcomeOf(key)) ? count : 0), 0);
  }

  of(kind: Kind, outcome: Outcome): number {
    return this.counts.get(`${kind} ${outcome}`) ?? 0;
  }

  /** Exchanges that ended as none may. */
  get forbidden(): number {
    return this.total((outcome) => NEVER.includes(outcome));
  }

  toString(): string {
    const keys = [...this.counts.keys()].sort();
    return keys.map((key) => `${key} × ${this.counts.get(key)}`).join(', ');
  }
}

/** Starts a mix; each lane begins its next exchange when the last has ended. */
export function startLoad({ target, lanes, bulkBytes = 4_000_000, restMs = 0 }: LoadOptions): Load {
  const counts = new LoadCounts();
  let isOn = true;
  const exchanges: Record<Kind, () => Promise<Outcome>> = {
    small: () => getSmall(target),
    download: () => download(target, bulkBytes),
    upload: () => upload(target, bulkBytes),
    events: () => readEvents(target, EVENTS),
    socket: () => echo(target, ECHO_MS, (seen) => seen >= ECHOES),
  };
  const run = async (kind: string, exchange: () => Promise<Outcome>) => {
    while (isOn) {
      const outcome = await exchange();
      counts.add(kind, outcome);
      const pauseMs = outcome === 'ok' ? restMs : Math.max(restMs, REST_MS);
      if (pauseMs > 0) await delay(pauseMs);
    }
  };
  const running = Object.entries(exchanges).flatMap(([kind, exchange]) =>
    Object.entries(lanes).flatMap(([lane, count]) =>
      lane === kind ? Array.from({ length: count }, () => run(kind, exchange)) : [],
    ),
  );
  return {
    counts,
    async stop() {
      isOn = false;
      await Promise.all(running);
    },
  };
}

/** One small GET with a body that no other request has. */
export function getSmall(target: Target): Promise<Outcome> {
  const id = randomUUID();
  let body = '';
  return exchange(target, 'GET', `/small/${id}`, id, {
    onData: (chunk) => {
      body += chunk.toString('latin1');
      return true;
    },
    onEnd: () => body === smallBody(target.label ?? 'origin', id),
  });
}

/** One download, each byte checked to be where it belongs. `bytesPerSecond` is kept by the origin. */
export function download(
  target: Target,
  bytes: number,
  { bytesPerSecond, onBytes }: { bytesPerSecond?: number; onBytes?: (total: number) => void } = {},
): Promise<Outcome> {
  const id = randomUUID();
  const pattern = new Pattern(id);
  let total = 0;
  const rate = bytesPerSecond === undefined ? '' : `?rate=${bytesPerSecond}`;
  return exchange(target, 'GET', `/bulk/${id}/${bytes}${rate}`, id, {
    onData: (chunk) => {
      const isRight = pattern.matches(chunk, total);
      total += chunk.length;
      onBytes?.(total);
      return isRight;
    },
    onEnd: () => total === bytes,
  });
}

/** One upload; the origin's digest must be ours. */
export function upload(target: Target, bytes: number): Promise<Outcome> {
  const id = randomUUID();
  const pattern = new Pattern(id);
  const hash = createHash('sha256');
  let answer = '';
  return exchange(
    target,
    'POST',
    `/digest/${id}`,
    id,
    {
      onData: (chunk) => {
        answer += chunk.toString('latin1');
        return true;
      },
      onEnd: () => answer === `${id} ${hash.digest('hex')}`,
    },
    (asked) => {
      let sent = 0;
      asked.setHeader('content-length', bytes);
      asked.on('drain', send);
      send();
      function send(): void {
        while (sent < bytes && !asked.destroyed) {
          const piece = Buffer.from(pattern.at(sent, bytes - sent));
          hash.update(piece);
          sent += piece.length;
          if (!asked.write(piece)) return;
        }
        asked.end();
      }
    },
  );
}

/** Reads so many events of an endless stream, in order, then leaves. */
export function readEvents(target: Target, count: number): Promise<Outcome> {
  const id = randomUUID();
  let text = '';
  let seen = 0;
  return exchange(target, 'GET', `/events/${id}`, id, {
    onData: (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        if (text.slice(0, end) !== `data: ${id} ${seen}`) return false;
        text = text.slice(end + 2);
        seen += 1;
      }
      return true;
    },
    isEnough: () => seen >= count,
    // The origin never ends it: an end that looks complete is a lie.
    onEnd: () => false,
  });
}

/** A WebSocket that sends message after message, each awaited, and at last closes with a code that must come back. */
export function echo(target: Target, everyMs: number, isEnough: (seen: number) => boolean): Promise<Outcome> {
  const id = randomUUID();
  const socket = new WebSocket(`ws://${target.address ?? '127.0.0.1'}:${target.port}/echo/${id}`, {
    headers: { host: target.name },
    perMessageDeflate: false,
  });
  return new Promise((resolve) => {
    let seen = 0;
    let isClosing = false;
    let timer = setTimeout(hung, PATIENCE_MS);
    const messageOf = (n: number) => `${id} ${n} ${'.'.repeat(n % 500)}`;
    socket.on('open', () => {
      socket.send(messageOf(0));
    });
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text !== `${id}|${messageOf(seen)}`) {
        settle(text.startsWith(`${id}|`) ? 'wrong' : 'misattributed');
        return;
      }
      seen += 1;
      clearTimeout(timer);
      timer = setTimeout(isEnough(seen) ? close : next, everyMs);
    });
    socket.on('unexpected-response', (_, response) => {
      settle(errorOf(response));
    });
    socket.on('error', (error) => {
      settle(isRefused(error) ? 'refused' : 'cut');
    });
    socket.on('close', (code) => {
      // 1006: the connection broke without a closing handshake, and says so.
      if (code === 1006) settle('cut');
      else settle(isClosing && code === 4001 ? 'ok' : 'wrong');
    });
    function next(): void {
      timer = setTimeout(hung, PATIENCE_MS);
      socket.send(messageOf(seen));
    }
    function close(): void {
      isClosing = true;
      timer = setTimeout(hung, PATIENCE_MS);
      socket.close(4001);
    }
    function hung(): void {
      settle('hung');
    }
    function settle(outcome: Outcome): void {
      clearTimeout(timer);
      resolve(outcome);
      // Whatever it still says belongs to an exchange that is over.
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.terminate();
    }
  });
}

interface Reading {
  /** False: these bytes are not the origin's. */
  onData(chunk: Buffer): boolean;
  /** True: we have what we came for, and leave. */
  isEnough?(): boolean;
  /** The answer ended as if complete: is it? */
  onEnd(): boolean;
}

function exchange(
  { address = '127.0.0.1', port, name }: Target,
  method: string,
  path: string,
  id: string,
  reading: Reading,
  send: (asked: ClientRequest) => void = (asked) => asked.end(),
): Promise<Outcome> {
  return new Promise((resolve) => {
    const asked = request({ host: address, port, method, path, headers: { host: name }, agent: false });
    const settle = (outcome: Outcome) => {
      resolve(outcome);
      asked.destroy();
    };
    asked.setTimeout(PATIENCE_MS, () => {
      settle('hung');
    });
    asked.on('error', (error) => {
      const isUnanswered = (asked.socket?.bytesRead ?? 0) === 0;
      settle(isRefused(error) ? 'refused' : isUnanswered ? 'unanswered' : 'cut');
    });
    asked.on('response', (response) => {
      if (response.statusCode !== 200) {
        settle(errorOf(response));
        return;
      }
      if (response.headers[ID_HEADER] !== id) {
        settle('misattributed');
        return;
      }
      response.on('data', (chunk: Buffer) => {
        if (!reading.onData(chunk)) settle('wrong');
        else if (reading.isEnough?.() === true) settle('ok');
      });
      response.on('error', () => {
        settle('cut');
      });
      response.on('end', () => {
        if (!response.complete) settle('cut');
        else settle(reading.onEnd() ? 'ok' : 'wrong');
      });
    });
    send(asked);
  });
}

/** Only the gateway may answer with an error, and it says which; any other status is not the origin's answer. */
function errorOf(response: IncomingMessage): Outcome {
  const code = response.headers['x-octoporty-error'];
  return typeof code === 'string' ? `${response.statusCode} ${code}` : 'wrong';
}

function isRefused(error: Error): boolean {
  return 'code' in error && error.code === 'ECONNREFUSED';
}

function outcomeOf(key: string): Outcome {
  return key.slice(key.indexOf(' ') + 1);
}
