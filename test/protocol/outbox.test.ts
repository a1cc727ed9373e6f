// What leaves on a wire and in which order, seen from the bytes that leave.

import { describe, expect, it } from 'vitest';
import {
  AHEAD_MS,
  BATCH_BYTES,
  MAX_BINARY_MESSAGE_BYTES,
  MAX_DATA_BYTES,
  MIN_AHEAD_BYTES,
  SHARED_DATA_BYTES,
  SOCKET_AHEAD_BYTES,
} from '../../protocol/limits.ts';
import { GET, OK, POST, decode, encode, request, type Frame } from './frames.ts';
import { LoneChannel } from './wirePair.ts';

const sizes = (frames: Frame[]) =>
  frames.map((frame) => (frame.type === 'data' ? frame.payload.length : frame.type));
const ids = (frames: Frame[]) => frames.map((frame) => (frame.type === 'channelCredit' ? 0 : frame.id));
const dataBytes = (frames: Frame[]) =>
  frames.reduce((sum, frame) => sum + (frame.type === 'data' ? frame.payload.length : 0), 0);

/** Streams with bodies, their heads already gone. */
function openStreams(gateway: LoneChannel, count: number) {
  const streams = Array.from({ length: count }, () => gateway.open(POST).stream);
  gateway.drain();
  gateway.wire.messages.length = 0;
  gateway.tick();
  return streams;
}

describe('one tick', () => {
  it('leaves as one message, heads before DATA', () => {
    const gateway = new LoneChannel('gateway');
    const first = gateway.open(POST).stream;
    first.write(Buffer.from('body'));
    gateway.open(GET);
    first.end();
    const third = gateway.open(POST).stream;
    third.write(Buffer.from('3'));
    expect(gateway.wire.messages).toHaveLength(0);
    const frames = gateway.tick();
    expect(gateway.wire.messages).toHaveLength(1);
    expect(sizes(frames)).toEqual(['request', 'request', 'request', 4, 1, 'end']);
    expect(ids(frames)).toEqual([1, 2, 3, 1, 3, 1]);
  });

  it('asks for one flush, and for none when there is nothing to send', () => {
    const gateway = new LoneChannel('gateway');
    gateway.channel.onWireDrained();
    expect(gateway.loop.isIdle).toBe(true);
    gateway.open(GET);
    gateway.open(GET);
    expect(gateway.loop.step()).toBe(true);
    expect(gateway.loop.isIdle).toBe(true);
    gateway.open(GET);
    expect(gateway.tick()).toHaveLength(3);
  });

  it('of many heads leaves in order, in messages that are closed once they are full', () => {
    const gateway = new LoneChannel('gateway');
    const headers = ['x', 'y'.repeat(1000)];
    for (let n = 0; n < 200; n += 1) gateway.open({ ...GET, headers });
    const frames = gateway.tick();
    expect(ids(frames)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
    const lengths = gateway.wire.messages.map((message) => message.length);
    const headBytes = (lengths[0] ?? 0) / decode(gateway.wire.messages[0] ?? Buffer.alloc(0)).length;
    expect(lengths.length).toBeGreaterThan(2);
    for (const length of lengths.slice(0, -1)) {
      expect(length).toBeGreaterThanOrEqual(BATCH_BYTES);
      expect(length - headBytes).toBeLessThan(BATCH_BYTES);
    }
  });

  it('closes a message that is full to the byte: neither a head nor DATA goes with it any more', () => {
    const gateway = new LoneChannel('gateway');
    const [stream] = openStreams(gateway, 1);
    const withValue = (value: string) => ({ ...GET, headers: ['x', value] });
    const emptyBytes = encode(request(2, withValue(''))).length;
    const half = withValue('y'.repeat(BATCH_BYTES / 2 - emptyBytes));
    for (let n = 0; n < 3; n += 1) gateway.open(half);
    stream?.write(Buffer.from('data'));
    gateway.tick();
    const dataBytes = 8 + 4;
    expect(gateway.wire.messages.map((message) => message.length)).toEqual([
      BATCH_BYTES,
      BATCH_BYTES / 2 + dataBytes,
    ]);
    gateway.wire.messages.length = 0;
    stream?.write(Buffer.from('data'));
    for (let n = 0; n < 2; n += 1) gateway.open(half);
    gateway.loop.settle();
    expect(gateway.wire.messages.map((message) => message.length)).toEqual([BATCH_BYTES, dataBytes]);
  });

  it('never makes a message that the peer refuses', () => {
    const gateway = new LoneChannel('gateway');
    const largest = ['a', 'x'.repeat(65_535), 'b', 'x'.repeat(65_000)];
    for (let n = 0; n < 4; n += 1) {
      gateway.open(GET);
      gateway.open({ ...GET, headers: ['a', 'x'.repeat(64_000)] });
      gateway.open({ ...GET, headers: largest });
      gateway.open(POST).stream.write(Buffer.alloc(65_536));
    }
    gateway.drain();
    for (const message of gateway.wire.messages)
      expect(message.length).toBeLessThanOrEqual(MAX_BINARY_MESSAGE_BYTES);
  });
});

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

describe('buffers', () => {
  it('belong to the wire until it took them: later messages never change earlier ones', () => {
    const gateway = new LoneChannel('gateway');
    const [stream] = openStreams(gateway, 1);
    gateway.receive({ type: 'credit', id: 1, bytes: 0x1000_0000 });
    let arrived = 0;
    for (let round = 0; round < 20; round += 1) {
      const from = gateway.wire.messages.length;
      for (let n = 0; n < 3; n += 1) {
        stream?.write(Buffer.alloc(10_000 + n, round * 3 + n + 1));
        gateway.tick();
        arrived += 10_000 + n;
      }
      // Taken in order, one of them only after the next round has been sent.
      while (gateway.wire.untaken.length > 1) {
        const index = gateway.wire.messages.length - gateway.wire.untaken.length;
        expect(gateway.wire.take()).toEqual(gateway.wire.messages[index]);
      }
      expect(gateway.wire.messages.length).toBe(from + 3);
      gateway.receive({ type: 'channelCredit', bytes: 0, arrivedBytes: arrived });
    }
  });

  it('are reused once taken, small messages apart', () => {
    const gateway = new LoneChannel('gateway');
    const [stream] = openStreams(gateway, 1);
    const backing = (): ArrayBufferLike | undefined => gateway.wire.untaken[0]?.message.buffer;
    stream?.write(Buffer.alloc(10_000));
    gateway.tick();
    const first = backing();
    gateway.wire.take();
    stream?.write(Buffer.alloc(10_000));
    gateway.tick();
    expect(backing()).toBe(first);
    expect(first?.byteLength).toBe(MAX_BINARY_MESSAGE_BYTES);
    gateway.wire.take();
    stream?.write(Buffer.alloc(4096 - 7));
    gateway.tick();
    expect(backing()).toBe(first);
    gateway.wire.take();
    stream?.write(Buffer.alloc(4096 - 8));
    gateway.tick();
    expect(backing()).not.toBe(first);
  });

  it('beyond a few are left to the collector', () => {
    const gateway = new LoneChannel('gateway');
    const [stream] = openStreams(gateway, 1);
    const seen = new Set<ArrayBufferLike>();
    const send = (count: number) => {
      for (let n = 0; n < count; n += 1) {
        stream?.write(Buffer.alloc(5000));
        gateway.tick();
      }
      const buffers = gateway.wire.untaken.map(({ message }) => message.buffer);
      while (gateway.wire.take() !== undefined);
      return buffers;
    };
    for (const buffer of send(6)) seen.add(buffer);
    expect(seen.size).toBe(6);
    expect(send(6).filter((buffer) => seen.has(buffer))).toHaveLength(4);
  });
});
