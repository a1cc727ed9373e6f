// Owns the tests of DATA on a wire, seen from the frames that leave: its order, turns, and the amount ahead.

import { describe, expect, it } from 'vitest';
import {
  AHEAD_MS,
  MAX_DATA_BYTES,
  MIN_AHEAD_BYTES,
  SHARED_DATA_BYTES,
  SOCKET_AHEAD_BYTES,
} from '../../protocol/limits.ts';
import { GET, OK, request } from './frames.ts';
import { dataBytes, ids, openStreams, sizes } from './outboxStage.ts';
import { LoneChannel } from './wirePair.ts';

describe('DATA', () => {
  it('of one stream keeps its order, whatever the sizes of its writes', () => {
    const gateway = new LoneChannel('gateway');
    const [stream] = openStreams(gateway, 1);
    const body = Buffer.from(Array.from({ length: 60_000 }, (_, n) => n % 251));
    for (const [from, to] of [
      [0, 1],
      [1, 20_000],
      [20_000, 20_001],
      [20_001, 60_000],
    ])
      stream?.write(body.subarray(from, to));
    const frames = gateway.drain();
    expect(
      Buffer.concat(frames.map((frame) => (frame.type === 'data' ? frame.payload : Buffer.alloc(0)))),
    ).toEqual(body);
  });

  it('goes in large frames while nobody else waits, in small ones while others do', () => {
    const gateway = new LoneChannel('gateway');
    const [one, other] = openStreams(gateway, 2);
    one?.write(Buffer.alloc(MAX_DATA_BYTES));
    expect(sizes(gateway.drain())).toEqual([MAX_DATA_BYTES]);
    gateway.receive({ type: 'credit', id: 1, bytes: 65_536 });
    one?.write(Buffer.alloc(40_000));
    other?.write(Buffer.alloc(20_000));
    const frames = gateway.drain();
    expect(ids(frames)).toEqual([1, 2, 1, 2, 1]);
    expect(sizes(frames)).toEqual([
      SHARED_DATA_BYTES,
      SHARED_DATA_BYTES,
      SHARED_DATA_BYTES,
      20_000 - SHARED_DATA_BYTES,
      40_000 - 2 * SHARED_DATA_BYTES,
    ]);
  });

  it('splits a write larger than a frame', () => {
    const gateway = new LoneChannel('gateway');
    const [stream] = openStreams(gateway, 1);
    gateway.receive({ type: 'credit', id: 1, bytes: 65_536 });
    stream?.write(Buffer.alloc(MAX_DATA_BYTES + 5));
    expect(sizes(gateway.drain())).toEqual([MAX_DATA_BYTES, 5]);
    expect(gateway.wire.messages).toHaveLength(2);
  });

  it('waits for the credit of its stream and takes it to the last byte', () => {
    const gateway = new LoneChannel('gateway');
    const [one, other] = openStreams(gateway, 2);
    one?.write(Buffer.alloc(65_536 + 10));
    one?.end();
    expect(dataBytes(gateway.drain())).toBe(65_536);
    other?.write(Buffer.from('free'));
    expect(sizes(gateway.drain())).toEqual([4]);
    gateway.receive({ type: 'credit', id: 1, bytes: 9 });
    expect(sizes(gateway.drain())).toEqual([9]);
    gateway.receive({ type: 'credit', id: 1, bytes: 1 });
    expect(sizes(gateway.drain())).toEqual([1, 'end']);
  });

  it('waits for the channel’s credit', () => {
    const gateway = new LoneChannel('gateway');
    const [stream] = openStreams(gateway, 1);
    gateway.receive({ type: 'credit', id: 1, bytes: 0x7000_0000 });
    let sent = 0;
    for (;;) {
      stream?.write(Buffer.alloc(MIN_AHEAD_BYTES));
      const bytes = dataBytes(gateway.drain());
      sent += bytes;
      // All arrives, nothing of it is consumed.
      gateway.receive({ type: 'channelCredit', bytes: 0, arrivedBytes: sent });
      if (bytes === 0) break;
    }
    expect(sent).toBe(64 * 1024 * 1024);
    gateway.receive({ type: 'channelCredit', bytes: 7, arrivedBytes: sent });
    expect(sizes(gateway.drain())).toEqual([7]);
  });
});

describe('turns', () => {
  it('a small answer beside ten bulk streams leaves within one round', () => {
    const gateway = new LoneChannel('gateway');
    const streams = openStreams(gateway, 11);
    const bulk = streams.slice(0, 10);
    for (const stream of bulk) stream.write(Buffer.alloc(60_000));
    gateway.wire.extraBufferedBytes = SOCKET_AHEAD_BYTES;
    expect(gateway.tick()).toEqual([]);
    streams[10]?.write(Buffer.from('small'));
    streams[10]?.end();
    gateway.wire.extraBufferedBytes = 0;
    gateway.channel.onWireDrained();
    const before = gateway.tick();
    expect(dataBytes(before)).toBe(MIN_AHEAD_BYTES);
    gateway.receive({ type: 'channelCredit', bytes: 0, arrivedBytes: MIN_AHEAD_BYTES });
    const frames = [...before, ...gateway.tick()];
    const place = frames.findIndex((frame) => frame.type === 'data' && frame.id === 11);
    expect(place).toBeGreaterThanOrEqual(0);
    expect(place).toBeLessThanOrEqual(10);
    expect(frames.findIndex((frame) => frame.type === 'end')).toBeLessThanOrEqual(21);
    expect(dataBytes(frames.slice(0, place))).toBeLessThanOrEqual(10 * SHARED_DATA_BYTES);
  });

  it('give equal streams equal bytes', () => {
    const gateway = new LoneChannel('gateway');
    const streams = openStreams(gateway, 4);
    for (const stream of streams) stream.write(Buffer.alloc(65_536));
    const frames = gateway.drain();
    const rounds = MIN_AHEAD_BYTES / (4 * SHARED_DATA_BYTES);
    expect(ids(frames)).toEqual(Array.from({ length: rounds }, () => [1, 2, 3, 4]).flat());
    gateway.receive({ type: 'channelCredit', bytes: 0, arrivedBytes: MIN_AHEAD_BYTES });
    const later = gateway.drain();
    // Whoever's turn the pace cut short, every round still serves each once, to the last byte.
    for (const round of [later.slice(0, 4), later.slice(4)]) expect(ids(round).sort()).toEqual([1, 2, 3, 4]);
    expect(sizes([...frames, ...later])).toEqual(Array.from({ length: 16 }, () => SHARED_DATA_BYTES));
  });

  it('streams that were reset with bytes to send hold nobody up', () => {
    const gateway = new LoneChannel('gateway');
    const streams = openStreams(gateway, 3);
    for (const stream of streams) stream.write(Buffer.from('data'));
    for (const stream of streams.slice(0, 2)) stream.reset('cancelled');
    expect(sizes(gateway.tick())).toEqual(['reset', 'reset', 4]);
  });

  it('a head overtakes bulk that waits', () => {
    const agent = new LoneChannel('agent');
    const { stream } = agent.admit(request(1, GET));
    stream.respond(OK, true);
    agent.receive({ type: 'credit', id: 1, bytes: 0x1000_0000 });
    stream.write(Buffer.alloc(8 * 1024 * 1024));
    agent.drain();
    const { stream: small } = agent.admit(request(2, GET));
    small.respond(OK, false);
    expect(sizes(agent.tick())).toEqual(['response']);
  });

  it('an END without bytes leaves though the pace allows no DATA', () => {
    const gateway = new LoneChannel('gateway');
    const [bulk, done] = openStreams(gateway, 2);
    gateway.receive({ type: 'credit', id: 1, bytes: 0x1000_0000 });
    bulk?.write(Buffer.alloc(MIN_AHEAD_BYTES));
    expect(dataBytes(gateway.drain())).toBe(MIN_AHEAD_BYTES);
    done?.end();
    expect(sizes(gateway.tick())).toEqual(['end']);
  });
});

describe('the amount ahead', () => {
  it('in our own socket stays below its limit, and goes on when the socket drains', () => {
    const gateway = new LoneChannel('gateway');
    const [stream] = openStreams(gateway, 1);
    gateway.wire.extraBufferedBytes = SOCKET_AHEAD_BYTES - 1;
    stream?.write(Buffer.alloc(30));
    expect(sizes(gateway.tick())).toEqual([1]);
    gateway.wire.extraBufferedBytes = 0;
    gateway.wire.take();
    expect(gateway.tick()).toEqual([]);
    gateway.channel.onWireDrained();
    expect(sizes(gateway.tick())).toEqual([29]);
  });

  it('stops at the pace and goes on when arrival is reported', () => {
    const gateway = new LoneChannel('gateway');
    const [stream] = openStreams(gateway, 1);
    gateway.receive({ type: 'credit', id: 1, bytes: 0x1000_0000 });
    stream?.write(Buffer.alloc(MIN_AHEAD_BYTES + 100));
    expect(dataBytes(gateway.drain())).toBe(MIN_AHEAD_BYTES);
    expect(gateway.channel.ledger().aheadBytes).toBe(MIN_AHEAD_BYTES);
    gateway.receive({ type: 'channelCredit', bytes: 0, arrivedBytes: 60 });
    expect(sizes(gateway.drain())).toEqual([60]);
    gateway.receive({ type: 'channelCredit', bytes: 0, arrivedBytes: MIN_AHEAD_BYTES + 60 });
    expect(sizes(gateway.drain())).toEqual([40]);
  });

  it('is never filled with frames of nothing when the rate is no whole number', () => {
    const gateway = new LoneChannel('gateway');
    const [stream] = openStreams(gateway, 1);
    gateway.receive({ type: 'credit', id: 1, bytes: 0x1000_0000 });
    stream?.write(Buffer.alloc(16 * 1024 * 1024));
    gateway.drain();
    gateway.loop.nowMs += 70.7;
    gateway.receive({ type: 'channelCredit', bytes: 0, arrivedBytes: MIN_AHEAD_BYTES });
    const frames = gateway.drain();
    expect(dataBytes(frames)).toBe(Math.floor((MIN_AHEAD_BYTES * AHEAD_MS) / 70.7));
    expect(frames.length).toBeLessThan(50);
  });

  it('grows with the rate that arrives', () => {
    const gateway = new LoneChannel('gateway');
    const [stream] = openStreams(gateway, 1);
    gateway.receive({ type: 'credit', id: 1, bytes: 0x1000_0000 });
    stream?.write(Buffer.alloc(16 * 1024 * 1024));
    gateway.drain();
    gateway.loop.nowMs += 50;
    gateway.receive({ type: 'channelCredit', bytes: 0, arrivedBytes: MIN_AHEAD_BYTES });
    expect(dataBytes(gateway.drain())).toBe(10 * MIN_AHEAD_BYTES);
  });
});
