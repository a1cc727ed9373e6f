// A peer that sends anything: a live channel refuses it by name, stays within its bounds and never hangs.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANNEL_WINDOW_BYTES, MAX_STREAMS } from '../../protocol/limits.ts';
import {
  EARLY_HINTS,
  GET,
  OK,
  POST,
  anyFrame,
  data,
  encode,
  encodeAll,
  request,
  type Frame,
} from './frames.ts';
import { LoneChannel, codeOf } from './wirePair.ts';

const REFUSALS = [
  'protocol_error',
  'unknown_stream',
  'credit_overdrawn',
  'control_flood',
  'message_too_large',
];

/** Frames on few streams with likely sizes, so that many of them are legal. */
const likelyFrame: fc.Arbitrary<Frame> = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.nat(70_000), fc.nat(8), fc.boolean())
  .map(([id, size, kind, flag]): Frame => {
    switch (kind) {
      case 0:
        return request(id, flag ? POST : GET);
      case 1:
        return { type: 'response', id, head: OK, hasBody: flag };
      case 2:
        return { type: 'inform', id, head: EARLY_HINTS };
      case 3:
        return { type: 'end', id, trailers: [] };
      case 4:
        return { type: 'reset', id, code: 'cancelled' };
      case 5:
        return { type: 'stop', id };
      case 6:
        return { type: 'credit', id, bytes: size };
      case 7:
        return { type: 'channelCredit', bytes: flag ? 0 : size, arrivedBytes: 0 };
      default:
        return data(id, flag ? size % 300 : Math.min(size, 65_536));
    }
  });

function liveChannel(role: 'gateway' | 'agent'): LoneChannel {
  const live = new LoneChannel(role, (stream) => {
    stream.respond(OK, true);
    stream.write(Buffer.alloc(1000));
  });
  if (role === 'gateway') {
    live.open(GET);
    live.open(POST).stream.write(Buffer.alloc(1000));
    live.open({ ...POST, expectsContinue: true }).stream.write(Buffer.alloc(1000));
  } else {
    live.receive(request(1), request(2, GET));
  }
  return live;
}

function checkBounds(live: LoneChannel): void {
  const { streams, heldBytes } = live.channel.ledger();
  expect(streams.length).toBeLessThanOrEqual(MAX_STREAMS);
  expect(heldBytes).toBeLessThanOrEqual(CHANNEL_WINDOW_BYTES);
  for (const stream of streams) expect(stream.heldBytes).toBeLessThanOrEqual(stream.windowBytes);
}

/** Feeds messages until one is refused; afterwards the channel closes cleanly. */
function feed(live: LoneChannel, messages: readonly Buffer[]): void {
  for (const message of messages) {
    const code = codeOf(() => live.channel.receive(message));
    live.loop.settle(undefined, 1000);
    if (code === 'no error') continue;
    expect(REFUSALS).toContain(code);
    break;
  }
  checkBounds(live);
  live.channel.close('protocol_error');
  live.loop.settle(undefined, 1000);
  expect(live.channel.streamCount).toBe(0);
}

describe.each(['gateway', 'agent'] as const)('a channel at the %s', (role) => {
  it('takes likely frames in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.array(likelyFrame, { maxLength: 3 }), { maxLength: 30 }), (batches) => {
        feed(
          liveChannel(role),
          batches.map((batch) => encodeAll(...batch)),
        );
      }),
      { numRuns: 600 },
    );
  });

  it('takes any frames', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), (frames) =>
        feed(liveChannel(role), frames.map(encode)),
      ),
      { numRuns: 400 },
    );
  });

  it('takes 100,000 random and mutated messages', () => {
    let state = 0x2545_f491;
    const random = () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 0;
    };
    const valid = [request(7), data(1, 20), { type: 'end', id: 1, trailers: ['a', 'b'] } as const].map(
      encode,
    );
    const codes = new Set<string>();
    let live = liveChannel(role);
    for (let run = 0; run < 100_000; run += 1) {
      const bytes =
        run % 2 === 0 ? Buffer.alloc(random() % 32) : Buffer.from(valid[random() % valid.length] ?? []);
      if (run % 2 === 0) {
        for (let n = 0; n < bytes.length; n += 1) bytes[n] = random();
        if (bytes.length >= 8) {
          bytes.writeUIntBE(bytes.length - 8, 0, 3);
          bytes[3] = 1 + (random() % 8);
          bytes.writeUInt32BE(random() % 4, 4);
        }
      } else if (bytes.length > 0) {
        bytes[random() % bytes.length] = random();
      }
      codes.add(codeOf(() => live.channel.receive(bytes)));
      if (run % 500 !== 0) continue;
      live.tick();
      checkBounds(live);
      live = liveChannel(role);
    }
    expect([...codes].filter((code) => code !== 'no error' && !REFUSALS.includes(code))).toEqual([]);
    expect(codes).toContain('no error');
    expect(codes).toContain('protocol_error');
  });
});
