// Owns the tests of the messages that leave on a wire: what one holds, and whose its bytes are.

import { describe, expect, it } from 'vitest';
import { BATCH_BYTES, MAX_BINARY_MESSAGE_BYTES } from '../../protocol/limits.ts';
import { GET, POST, decode, encode, request } from './frames.ts';
import { ids, openStreams, sizes } from './outboxStage.ts';
import { LoneChannel } from './wirePair.ts';

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
