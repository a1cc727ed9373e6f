// What every Visitor promises its relay, simulated or real.

import { afterEach, describe, expect, it } from 'vitest';
import { Relayed, openEdge } from '../../support/publicEdge.ts';
import { Invariants } from '../invariants.ts';
import { payload } from '../payload.ts';
import { probePlan, type Plan } from '../plans.ts';
import { SimProcess } from '../simProcess.ts';
import { SimVisitor } from '../simVisitor.ts';
import { SimulatedClock } from '../simulatedClock.ts';
import { Trace } from '../trace.ts';

const UP_BYTES = 20_000;
const DOWN_BYTES = 100_000;

const BASE = probePlan('r', 'a.localhost');
const DOWN = { bytes: DOWN_BYTES, chunkBytes: 16_384, gapMs: 0, trailers: [] };
const GET: Plan = { ...BASE, origin: { ...BASE.origin, down: DOWN } };
const POST: Plan = { ...GET, method: 'POST', up: { ...DOWN, bytes: UP_BYTES } };

type Outcome = 'full' | 'error' | 'cut' | null;

/** One request with a relay that does only what the test does, and what the visitor has seen of it. */
interface Asked {
  readonly relayed: Relayed;
  readonly outcome: () => Outcome;
  leave(): void;
  until(condition: () => boolean): Promise<void>;
}

const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function simulated(plan: Plan, leaves: boolean): Promise<Asked> {
  const clock = new SimulatedClock();
  const trace = new Trace(clock);
  const invariants = new Invariants();
  const gateway = new SimProcess(clock, trace, { name: 'gateway', seed: 1, bootMs: 0, skewMs: 0 });
  const visitor = new SimVisitor({
    plan: { ...plan, leaves: leaves ? { when: 'time', ms: 5 } : null },
    gateway,
    trace,
    invariants,
    nowMs: () => clock.nowMs(),
    onEnded: () => {},
  });
  const relayed = new Relayed(visitor);
  visitor.attach(relayed);
  ends.push(() => {
    expect(invariants.violation).toBeNull();
  });
  return Promise.resolve({
    relayed,
    outcome: () => {
      const kind = visitor.ending?.kind;
      return kind === 'full' || kind === 'error' ? kind : kind === undefined ? null : 'cut';
    },
    leave: () => {},
    until: async (condition) => {
      for (let n = 0; n < 10_000 && !condition(); n += 1) clock.runFor(1);
      if (!condition()) throw new Error('it never came to pass');
    },
  });
}

async function real(plan: Plan): Promise<Asked> {
  const edge = await openEdge();
  ends.push(() => edge.close());
  const client = await edge.connect();
  const length = plan.up === null ? '' : `Content-Length: ${plan.up.bytes}\r\n`;
  client.send(`${plan.method} / HTTP/1.1\r\nHost: ${plan.host}\r\n${length}\r\n`);
  if (plan.up !== null) client.send(payload('r', 'up', 0, plan.up.bytes));
  return {
    relayed: await edge.request(),
    outcome: () => {
      const bodyAt = client.bytes.indexOf('\r\n\r\n') + 4;
      if (bodyAt > 3 && !client.bytes.startsWith('HTTP/1.1 200')) return 'error';
      const down = payload('r', 'down', 0, DOWN_BYTES).toString('latin1');
      if (bodyAt > 3 && client.bytes.slice(bodyAt) === down) return 'full';
      return client.ended === null ? null : 'cut';
    },
    leave: () => {
      client.reset();
    },
    until: async (condition) => {
      const untilMs = performance.now() + 10_000;
      while (!condition()) {
        if (performance.now() > untilMs) throw new Error('it never came to pass');
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

function begin({ visitor }: Relayed): void {
  const headers = ['X-Request', 'r', 'Content-Length', String(DOWN_BYTES)];
  visitor.writeHead({ status: 200, reason: 'OK', headers }, true);
}

describe.each([
  ['simulated', simulated],
  ['real', real],
])('the %s visitor', (_name, make) => {
  it('takes a whole answer, asks for patience beyond its high-water mark, and then says that there is room', async () => {
    const { relayed, outcome, until } = await make(GET, false);
    begin(relayed);
    expect(relayed.visitor.write(payload('r', 'down', 0, 90_000))).toBe(false);
    expect(relayed.drains).toBe(0);
    await until(() => relayed.drains === 1);
    relayed.visitor.write(payload('r', 'down', 90_000, DOWN_BYTES - 90_000));
    relayed.visitor.end([]);
    expect(relayed.closes).toBe(0);
    await until(() => outcome() === 'full' && relayed.closes === 1);
  });

  it('sends no body before it is asked to, then all of it and its end', async () => {
    const { relayed, until } = await make(POST, false);
    expect([relayed.body, relayed.trailers]).toEqual(['', null]);
    relayed.visitor.resume();
    expect(relayed.body).toBe('');
    await until(() => relayed.trailers !== null);
    expect(relayed.body).toBe(payload('r', 'up', 0, UP_BYTES).toString('latin1'));
    expect(relayed.closes).toBe(0);
  });

  it('is told of a failure in place of an answer, and hears that once', async () => {
    const { relayed, outcome, until } = await make(GET, false);
    relayed.visitor.fail('tunnel_lost');
    expect(relayed.closes).toBe(0);
    await until(() => outcome() === 'error' && relayed.closes === 1);
  });

  it('never takes what was destroyed for a whole answer', async () => {
    const { relayed, outcome, until } = await make(GET, false);
    begin(relayed);
    relayed.visitor.write(payload('r', 'down', 0, 10_000));
    relayed.visitor.destroy();
    await until(() => outcome() !== null && relayed.closes === 1);
    expect(outcome()).toBe('cut');
  });

  it('says once that it has left, and takes no harm from calls that come late', async () => {
    const { relayed, leave, until } = await make(POST, true);
    begin(relayed);
    leave();
    await until(() => relayed.closes === 1);
    const { visitor, body } = relayed;
    visitor.write(payload('r', 'down', 0, 10));
    visitor.pause();
    visitor.resume();
    visitor.end([]);
    visitor.destroy();
    expect([relayed.closes, relayed.body, relayed.trailers]).toEqual([1, body, null]);
  });
});
