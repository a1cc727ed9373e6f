// What every OriginDispatcher promises, simulated or real.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type {
  OriginDispatcher,
  OriginExchange,
  OriginHandler,
  OriginRequest,
} from '../../../services/agent/originDispatcher.ts';
import { createHttpOrigin } from '../../../services/agent/httpOrigin.ts';
import { Invariants } from '../invariants.ts';
import { isPayload, payload } from '../payload.ts';
import { probePlan, type Plan } from '../plans.ts';
import { createSimOrigins } from '../simOrigin.ts';
import { SimProcess } from '../simProcess.ts';
import { SimulatedClock } from '../simulatedClock.ts';
import { Trace } from '../trace.ts';

const DOWN_BYTES = 200_000;
const UP_BYTES = 150_000;

/** `r` answers at once, `u` after the whole body, `x` refuses. */
const BASE = probePlan('r', 'app.test');
const DOWN = { bytes: DOWN_BYTES, chunkBytes: 16_384, gapMs: 1, trailers: [] };
const UP = { bytes: UP_BYTES, chunkBytes: 16_384, gapMs: 0, trailers: [] };
const PLANS: Readonly<Record<string, Plan>> = {
  r: { ...BASE, origin: { ...BASE.origin, down: DOWN } },
  u: { ...BASE, requestId: 'u', method: 'POST', up: UP, origin: { ...BASE.origin, answers: 'afterBody' } },
  x: { ...BASE, requestId: 'x', origin: { ...BASE.origin, fault: 'refuses' } },
};

interface Subject {
  readonly origins: OriginDispatcher;
  portOf(requestId: string): number;
  until(condition: () => boolean): Promise<void>;
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function simulated(): Promise<Subject> {
  const clock = new SimulatedClock();
  const trace = new Trace(clock);
  const process = new SimProcess(clock, trace, { name: 'agent', seed: 1, bootMs: 0, skewMs: 0 });
  const desk = {
    trace,
    invariants: new Invariants(),
    planOf: (id: string) => PLANS[id],
    onReceived: () => {},
  };
  return {
    origins: createSimOrigins(process, desk),
    portOf: () => 1,
    until: async (condition) => {
      for (let n = 0; n < 10_000 && !condition(); n += 1) clock.runFor(1);
      if (!condition()) throw new Error('it never came to pass');
    },
  };
}

async function real(): Promise<Subject> {
  const server = createServer((request, response) => {
    const id = request.url?.slice(1) ?? '';
    const bytes = PLANS[id]?.origin.down?.bytes ?? 0;
    request.resume();
    const answer = () => {
      response.writeHead(200, { 'X-Request': id });
      for (let at = 0; at < bytes; at += 16_384)
        response.write(payload(id, 'down', at, Math.min(16_384, bytes - at)));
      response.end();
    };
    if (id === 'u') request.on('end', answer);
    else answer();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const free = (closed.address() as AddressInfo).port;
  await new Promise((resolve) => closed.close(resolve));
  const origins = createHttpOrigin({ allowedTargets: [], ownPorts: () => [], log: { debug: () => {} } });
  ends.push(() => {
    origins.close();
    server.closeAllConnections();
    server.close();
  });
  return {
    origins,
    portOf: (id) => (id === 'x' ? free : port),
    until: async (condition) => {
      const untilMs = performance.now() + 10_000;
      while (!condition()) {
        if (performance.now() > untilMs) throw new Error('it never came to pass');
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

/** One request, and what its handler heard. */
class Asked implements OriginHandler {
  readonly calls: string[] = [];
  readonly exchange: OriginExchange;
  drains = 0;
  receivedBytes = 0;
  isExact = true;
  private readonly id: string;

  constructor({ origins, portOf }: Subject, id: string) {
    this.id = id;
    const request: OriginRequest = {
      target: {
        protocol: 'http',
        host: '127.0.0.1',
        port: portOf(id),
        allowInvalidCertificates: false,
        serverName: '',
      },
      method: id === 'u' ? 'POST' : 'GET',
      path: `/${id}`,
      headers: ['Host', 'app.test'],
      hasBody: id === 'u',
      isUpgrade: false,
      expectsContinue: false,
      isFreshConnection: true,
    };
    this.exchange = origins.dispatch(request, this);
    this.calls.push('dispatched');
  }

  get isOver(): boolean {
    return this.calls.some((call) => call === 'end' || call.startsWith('failed'));
  }

  onConnected(): void {
    this.calls.push('connected');
  }

  onContinue(): void {
    this.calls.push('continue');
  }

  onInform(): void {
    this.calls.push('inform');
  }

  onHead({ status }: { status: number }, hasBody: boolean): void {
    this.calls.push(`head ${status} ${hasBody}`);
  }

  onData(chunk: Buffer): void {
    this.isExact &&= isPayload(this.id, 'down', this.receivedBytes, chunk);
    this.receivedBytes += chunk.length;
  }

  onEnd(): void {
    this.calls.push('end');
  }

  onDrain(): void {
    this.drains += 1;
  }

  onFailed(code: string, _detail: string, isStale: boolean): void {
    this.calls.push(`failed ${code} ${isStale}`);
  }
}

describe.each([
  ['simulated', simulated],
  ['real', real],
])('the %s origins', (_name, make) => {
  it('tell connection, head, body and end, in this order and never from inside the dispatch', async () => {
    const subject = await make();
    const asked = new Asked(subject, 'r');
    await subject.until(() => asked.isOver);
    expect(asked.calls).toEqual(['dispatched', 'connected', 'head 200 true', 'end']);
    expect([asked.receivedBytes, asked.isExact]).toEqual([DOWN_BYTES, true]);
  });

  it('keep what is written before the connection is there, and say when there is room again', async () => {
    const subject = await make();
    const asked = new Asked(subject, 'u');
    let sent = 0;
    let wasFull = false;
    while (sent < UP_BYTES) {
      const chunk = payload('u', 'up', sent, Math.min(16_384, UP_BYTES - sent));
      sent += chunk.length;
      if (!asked.exchange.write(chunk)) wasFull = true;
    }
    expect([wasFull, asked.drains]).toEqual([true, 0]);
    await subject.until(() => asked.drains > 0);
    asked.exchange.end([]);
    await subject.until(() => asked.isOver);
    expect(asked.calls.at(-1)).toBe('end');
  });

  it('fail once, with the name of what happened, and nothing follows', async () => {
    const subject = await make();
    const asked = new Asked(subject, 'x');
    await subject.until(() => asked.isOver);
    asked.exchange.abort();
    asked.exchange.resume();
    expect(asked.calls).toEqual(['dispatched', 'failed origin_refused false']);
  });

  it('say nothing more once aborted, and take no harm from calls that come late', async () => {
    const subject = await make();
    const asked = new Asked(subject, 'r');
    await subject.until(() => asked.receivedBytes > 0);
    asked.exchange.abort();
    const { receivedBytes } = asked;
    const other = new Asked(subject, 'r');
    await subject.until(() => other.isOver);
    asked.exchange.resume();
    asked.exchange.end([]);
    expect([asked.receivedBytes, asked.isOver]).toEqual([receivedBytes, false]);
  });

  it('hold an answer back while paused', async () => {
    const subject = await make();
    const asked = new Asked(subject, 'r');
    await subject.until(() => asked.receivedBytes > 0);
    asked.exchange.pause();
    const other = new Asked(subject, 'r');
    await subject.until(() => other.isOver);
    expect(asked.isOver).toBe(false);
    asked.exchange.resume();
    await subject.until(() => asked.isOver);
    expect(asked.receivedBytes).toBe(DOWN_BYTES);
  });
});
