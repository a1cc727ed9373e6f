// Flow control as a whole: many streams at once over a slow or a fast link, and what must hold at every step.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHANNEL_WINDOW_BYTES,
  FLOOR_WINDOW_BYTES,
  INITIAL_WINDOW_BYTES,
  MAX_WINDOW_BYTES,
  SPARE_WINDOW_BYTES,
} from '../../protocol/limits.ts';
import type { Stream } from '../../protocol/stream.ts';
import { GET, OK, POST, data, decode } from './frames.ts';
import { Pump } from './pump.ts';
import { ChannelPair, LoneChannel, type LinkOptions } from './wirePair.ts';

interface StreamPlan {
  readonly startMs: number;
  readonly upBytes: number;
  readonly downBytes: number;
  readonly chunkBytes: number;
  readonly consumeAfterMs: number;
  readonly reset: { readonly by: 'gateway' | 'agent'; readonly afterMs: number } | undefined;
}

const plan: fc.Arbitrary<StreamPlan> = fc.record({
  startMs: fc.nat(200),
  upBytes: fc.oneof(fc.nat(50), fc.nat(300_000)),
  downBytes: fc.oneof(fc.nat(50), fc.nat(600_000)),
  chunkBytes: fc.oneof(fc.integer({ min: 1_000, max: 5_000 }), fc.integer({ min: 10_000, max: 300_000 })),
  consumeAfterMs: fc.oneof(fc.constant(0), fc.nat(100)),
  reset: fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.record({
        by: fc.constantFrom('gateway' as const, 'agent' as const),
        afterMs: fc.nat(300),
      }),
    },
  ),
});
const link: fc.Arbitrary<LinkOptions> = fc.record({
  delayMs: fc.nat(100),
  bytesPerMs: fc.constantFrom(50, 1_000, 100_000),
});

/** A body whose every part tells where it belongs. */
function bodyOf(seed: number, bytes: number): Buffer {
  const body = Buffer.alloc(bytes);
  for (let n = 0; n < bytes; n += 1) body[n] = (n + (n >>> 8) + (n >>> 16) * 7 + seed * 31) & 0xff;
  return body;
}

/** Runs all plans to their end and checks what must hold after every step. */
function run(
  plans: readonly StreamPlan[],
  options: LinkOptions,
): { pair: ChannelPair; pumps: [Pump, Pump][] } {
  const agentPumps = new Map<string, Pump>();
  const pair: ChannelPair = new ChannelPair((stream, head) => {
    const pump = agentPumps.get(head.requestId);
    if (pump === undefined) throw new Error('an unknown request');
    accepted.set(head.requestId, stream);
    pump.attach(stream);
    pair.loop.schedule(() => {
      stream.respond(OK, true);
      pump.start();
    });
    return pump;
  }, options);
  const accepted = new Map<string, Stream>();
  const pumps: [Pump, Pump][] = plans.map((one, n) => {
    const up = bodyOf(2 * n, one.upBytes);
    const down = bodyOf(2 * n + 1, one.downBytes);
    const atGateway = new Pump(pair.loop, { ...one, sends: up, expects: down });
    const atAgent = new Pump(pair.loop, { ...one, sends: down, expects: up });
    agentPumps.set(`${n}`, atAgent);
    pair.loop.schedule(() => {
      const stream = pair.gateway.open({ ...POST, requestId: `${n}` }, () => atGateway);
      atGateway.attach(stream);
      atGateway.start();
      if (one.reset === undefined) return;
      const { by, afterMs } = one.reset;
      pair.loop.schedule(
        () => (by === 'gateway' ? stream : accepted.get(`${n}`))?.reset('cancelled'),
        afterMs,
      );
    }, one.startMs);
    return [atGateway, atAgent];
  });
  let steps = 0;
  pair.loop.settle(() => {
    steps += 1;
    if (steps % 4 === 0) checkBounds(pair);
  }, 200_000);
  return { pair, pumps };
}

function checkBounds(pair: ChannelPair): void {
  for (const channel of [pair.gateway, pair.agent]) {
    const { streams, heldBytes, spareBytes } = channel.ledger();
    for (const stream of streams) {
      if (stream.heldBytes > stream.windowBytes)
        throw new Error(`stream ${stream.id} holds more than its window`);
      if (stream.windowBytes > MAX_WINDOW_BYTES)
        throw new Error(`stream ${stream.id} has too large a window`);
      if (stream.heldBytes < 0) throw new Error(`stream ${stream.id} holds less than nothing`);
    }
    if (heldBytes > CHANNEL_WINDOW_BYTES || heldBytes < 0)
      throw new Error('the channel holds more than its cap');
    if (spareBytes < 0 || spareBytes > SPARE_WINDOW_BYTES) throw new Error('the pool is out of bounds');
  }
}

function checkEnd(pair: ChannelPair): void {
  for (const frame of [...pair.gatewayWire.messages, ...pair.agentWire.messages].flatMap((message) =>
    decode(message),
  )) {
    if (frame.type === 'data' && frame.payload.length === 0) throw new Error('DATA of nothing was sent');
  }
  for (const channel of [pair.gateway, pair.agent]) {
    expect(channel.ledger()).toMatchObject({ streams: [], heldBytes: 0, spareBytes: SPARE_WINDOW_BYTES });
  }
}

describe('many streams in both directions', () => {
  it('deliver every byte in order, within every bound, and give all credit back', () => {
    fc.assert(
      fc.property(fc.array(plan, { minLength: 1, maxLength: 12 }), link, (plans, options) => {
        const { pair, pumps } = run(plans, options);
        for (const [n, pump] of pumps.flat().entries()) {
          expect(pump.fault).toBeUndefined();
          const isReset = plans[n >> 1]?.reset !== undefined;
          if (!isReset) expect([pump.hasEnded, pump.outcome]).toEqual([true, 'open']);
        }
        checkEnd(pair);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  it('end as reset or whole, never as something between', () => {
    const bulk = { startMs: 0, upBytes: 500_000, downBytes: 500_000, chunkBytes: 30_000, consumeAfterMs: 5 };
    const plans: StreamPlan[] = [1, 30, 60, 120, 100_000].flatMap((afterMs) => [
      { ...bulk, reset: { by: 'gateway', afterMs } },
      { ...bulk, reset: { by: 'agent', afterMs } },
    ]);
    const { pair, pumps } = run(plans, { delayMs: 20, bytesPerMs: 5000 });
    for (const [atGateway, atAgent] of pumps) {
      expect([atGateway.fault, atAgent.fault]).toEqual([undefined, undefined]);
      const told = [atGateway, atAgent].filter(({ outcome }) => outcome === 'cancelled').length;
      const whole = [atGateway, atAgent].filter(({ hasEnded }) => hasEnded).length;
      expect(told === 1 || whole === 2).toBe(true);
    }
    expect(pumps.flat().some(({ outcome }) => outcome === 'cancelled')).toBe(true);
    checkEnd(pair);
  });

  it('pass 32 MiB on one stream through a window that grows with it', () => {
    const bytes = 32 * 1024 * 1024;
    const plans = [
      { startMs: 0, upBytes: 0, downBytes: bytes, chunkBytes: 65_536, consumeAfterMs: 0, reset: undefined },
    ];
    const { pair, pumps } = run(plans, { delayMs: 20, bytesPerMs: 100_000 });
    expect(pumps[0]?.[0].receivedBytes).toBe(bytes);
    // At a fixed 64 KiB a round trip of 40 ms this would take over 20 s.
    expect(pair.loop.nowMs).toBeLessThan(3000);
    checkEnd(pair);
  });
});

describe('a consumer that does not read', () => {
  it('stops its own sender at its window and nobody else', () => {
    const agent = new Map<string, Stream>();
    const pair: ChannelPair = new ChannelPair((stream, head) => {
      agent.set(head.requestId, stream);
      pair.loop.schedule(() => {
        stream.respond(OK, true);
        stream.write(Buffer.alloc(1_000_000));
        stream.end();
      });
      return new Pump(pair.loop, {
        sends: Buffer.alloc(0),
        expects: Buffer.alloc(0),
        chunkBytes: 1,
        consumeAfterMs: 0,
      });
    });
    const expects = Buffer.alloc(1_000_000);
    const open = (requestId: string, consumeAfterMs: number) => {
      const pump = new Pump(pair.loop, { sends: Buffer.alloc(0), expects, chunkBytes: 1, consumeAfterMs });
      const stream = pair.gateway.open({ ...GET, requestId }, () => pump);
      pump.attach(stream);
      pump.start();
      return pump;
    };
    const stalled = Array.from({ length: 50 }, (_, n) => open(`stalled ${n}`, 1_000_000));
    const quick = open('quick', 0);
    while (!quick.hasEnded && pair.loop.step());
    expect(quick.receivedBytes).toBe(1_000_000);
    expect(pair.loop.nowMs).toBeLessThan(1_000_000);
    for (const pump of stalled) expect(pump.receivedBytes).toBe(INITIAL_WINDOW_BYTES);
  });

  it('leaves every new stream at least the floor, however crowded the channel', () => {
    const gateway = new LoneChannel('gateway');
    for (let n = 0; n < 8000; n += 1) gateway.open(GET);
    for (const { id, windowBytes } of gateway.channel.ledger().streams) {
      gateway.receive({ type: 'response', id, head: OK, hasBody: true }, data(id, windowBytes));
    }
    const { stream, recorder } = gateway.open(GET);
    expect(gateway.channel.ledger().streams.at(-1)?.windowBytes).toBe(FLOOR_WINDOW_BYTES);
    for (let n = 0; n < 100; n += 1) {
      const head = n === 0 ? [{ type: 'response' as const, id: stream.id, head: OK, hasBody: true }] : [];
      gateway.receive(...head, data(stream.id, FLOOR_WINDOW_BYTES));
      stream.consume(FLOOR_WINDOW_BYTES);
    }
    expect(recorder.body).toHaveLength(100 * FLOOR_WINDOW_BYTES);
  });

  it('that is reset gives the channel its credit back at once', () => {
    const gateway = new LoneChannel('gateway');
    const { stream } = gateway.open(GET);
    gateway.receive({ type: 'response', id: 1, head: OK, hasBody: true }, data(1, INITIAL_WINDOW_BYTES));
    gateway.tick();
    stream.reset('cancelled');
    expect(gateway.tick()).toEqual([
      { type: 'reset', id: 1, code: 'cancelled' },
      { type: 'channelCredit', bytes: INITIAL_WINDOW_BYTES, arrivedBytes: INITIAL_WINDOW_BYTES },
    ]);
  });
});
