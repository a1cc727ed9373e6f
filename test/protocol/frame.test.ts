// The byte layout of frames: fixtures in hex, round trips, and what happens to every kind of broken message.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TunnelError } from '../../protocol/errors.ts';
import { MAX_DATA_BYTES, MAX_HEAD_BYTES } from '../../protocol/limits.ts';
import {
  EARLY_HINTS,
  GET,
  OK,
  POST,
  anyFrame,
  data,
  decode,
  encode,
  encodeAll,
  hex,
  request,
  type Frame,
} from './frames.ts';
import { codeOf } from './wirePair.ts';

const REQUEST_GET = [
  '000042 01 00000001', // 66 bytes, REQUEST, stream 1
  '7a3f0c1e5d524b8e9f0a2f6f3f1f0c11', // mapping
  '00000007 00', // revision 7, no flags
  '00000000 00010000', // windows: request 0, response 65536
  '0b 3230332e302e3131332e39', // 203.0.113.9
  '02 7231', // r1
  '03 474554', // GET
  '0002 2f61', // /a
  '0001 0004 486f7374 0004 782e696f', // one header: Host: x.io
];

const FIXTURES: [name: string, bytes: Buffer, frame: Frame][] = [
  [
    'REQUEST',
    hex(...REQUEST_GET),
    {
      type: 'request',
      id: 1,
      head: { ...GET, target: '/a', headers: ['Host', 'x.io'] },
      windows: { request: 0, response: 65_536 },
    },
  ],
  [
    'RESPONSE',
    hex(
      '000023 02 00000001',
      '00c8 01',
      '0002 4f4b',
      '0001',
      '000c 436f6e74656e742d54797065',
      '000a 746578742f706c61696e',
    ),
    { type: 'response', id: 1, head: OK, hasBody: true },
  ],
  [
    'RESPONSE without a body, a reason or headers',
    hex('000007 02 00000001', '00cc 00', '0000', '0000'),
    { type: 'response', id: 1, head: { status: 204, reason: '', headers: [] }, hasBody: false },
  ],
  [
    'INFORM',
    hex(
      '000021 03 00000002',
      '0067',
      '000b 4561726c792048696e7473',
      '0001',
      '0004 4c696e6b 0008 3c2f612e6373733e',
    ),
    { type: 'inform', id: 2, head: EARLY_HINTS },
  ],
  ['DATA', hex('000002 04 00000001', '6869'), data(1, 'hi')],
  ['DATA of no bytes', hex('000000 04 00000001'), data(1, 0)],
  ['END', hex('000002 05 00000001', '0000'), { type: 'end', id: 1, trailers: [] }],
  [
    'END with trailers',
    hex('00000c 05 00000001', '0001', '0005 582d53756d 0001 39'),
    { type: 'end', id: 1, trailers: ['X-Sum', '9'] },
  ],
  ['RESET', hex('000002 06 00000003', '001e'), { type: 'reset', id: 3, code: 'cancelled' }],
  ['STOP', hex('000000 07 00000003'), { type: 'stop', id: 3 }],
  ['CREDIT', hex('000004 08 00000003', '00008000'), { type: 'credit', id: 3, bytes: 32_768 }],
  [
    'CREDIT of the highest stream',
    hex('000004 08 ffffffff', 'ffffffff'),
    { type: 'credit', id: 0xffff_ffff, bytes: 0xffff_ffff },
  ],
  [
    'channel CREDIT',
    hex('000008 08 00000000', '00010000 00000005'),
    { type: 'channelCredit', bytes: 65_536, arrivedBytes: 5 },
  ],
];

describe('a frame', () => {
  it.each(FIXTURES)('%s reads from its bytes', (_name, bytes, frame) => {
    expect(decode(bytes)).toEqual([frame]);
  });

  it.each(FIXTURES)('%s is written as its bytes', (_name, bytes, frame) => {
    expect(encode(frame).toString('hex')).toBe(bytes.toString('hex'));
  });

  it.each([
    [1, 'hasBody'],
    [2, 'isUpgrade'],
    [4, 'isResent'],
    [8, 'expectsContinue'],
  ] as const)('REQUEST says with flag %i that %s', (bit, flag) => {
    const bytes = encode(request(1, { ...GET, [flag]: true }));
    expect(bytes[8 + 16 + 4]).toBe(bit);
    expect(decode(bytes)).toEqual([
      request(1, { ...GET, [flag]: true }, { request: flag === 'hasBody' ? 65_536 : 0 }),
    ]);
  });

  it('keeps order, case, duplicates and obs-text of headers', () => {
    const headers = ['b', '1', 'A', '\u00e9\u00ff', 'b', '', 'SET-cookie', ' x '];
    expect(decode(encode({ type: 'end', id: 1, trailers: headers }))).toEqual([
      { type: 'end', id: 1, trailers: headers },
    ]);
  });

  it('reports arrival modulo 2^32', () => {
    const frame: Frame = { type: 'channelCredit', bytes: 1, arrivedBytes: 3 * 2 ** 32 + 5 };
    expect(decode(encode(frame))).toEqual([{ ...frame, arrivedBytes: 5 }]);
  });

  it('any frame comes back as it was, alone and among others', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 20 }), (frames) => {
        expect(decode(encodeAll(...frames))).toEqual(frames);
      }),
      { numRuns: 500 },
    );
  });

  it('a batch split between frames delivers the same', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 6 }), (frames) => {
        for (let cut = 0; cut <= frames.length; cut += 1) {
          const delivered: Frame[] = [];
          decode(encodeAll(...frames.slice(0, cut)), delivered);
          decode(encodeAll(...frames.slice(cut)), delivered);
          expect(delivered).toEqual(frames);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('a message cut short', () => {
  it('at any byte is a protocol error after the frames before the cut, or ends between frames', () => {
    const frames = FIXTURES.map(([, , frame]) => frame);
    const message = encodeAll(...frames);
    const ends = new Map<number, number>([[0, 0]]);
    let at = 0;
    for (const [n, frame] of frames.entries()) {
      at += encode(frame).length;
      ends.set(at, n + 1);
    }
    let whole = 0;
    for (let cut = 0; cut <= message.length; cut += 1) {
      const delivered: Frame[] = [];
      const code = codeOf(() => decode(message.subarray(0, cut), delivered));
      whole = ends.get(cut) ?? whole;
      expect(code).toBe(ends.has(cut) ? 'no error' : 'protocol_error');
      expect(delivered).toEqual(frames.slice(0, whole));
    }
  });

  it('inside any payload, with the length saying so, is a protocol error', () => {
    for (const [, bytes, frame] of FIXTURES) {
      if (frame.type === 'data') continue;
      for (let payload = 0; payload < bytes.length - 8; payload += 1) {
        const cut = Buffer.from(bytes.subarray(0, 8 + payload));
        cut.writeUIntBE(payload, 0, 3);
        expect(codeOf(() => decode(cut))).toBe('protocol_error');
      }
    }
  });
});

describe('a malformed message', () => {
  it.each(FIXTURES.filter(([, , frame]) => frame.type !== 'data'))(
    '%s with a byte too many is refused',
    (_name, bytes) => {
      const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
      longer.writeUIntBE(bytes.length - 8 + 1, 0, 3);
      const delivered: Frame[] = [];
      expect(codeOf(() => decode(longer, delivered))).toBe('protocol_error');
      expect(delivered).toEqual([]);
    },
  );

  it.each([
    ['frame type 0', hex('000000 00 00000001')],
    ['frame type 9', hex('000000 09 00000001')],
    ['frame type 255', hex('000000 ff 00000001')],
    ['an unknown flag of REQUEST', Buffer.from(hex(...REQUEST_GET).map((byte, n) => (n === 28 ? 16 : byte)))],
    ['an unknown flag of RESPONSE', hex('000007 02 00000001', '00cc 02', '0000', '0000')],
    ['more headers than its payload holds', hex('000002 05 00000001', 'ffff')],
    ['a payload of channel CREDIT under another type', hex('000008 06 00000000', '00010000 00000005')],
  ])('with %s is refused', (_name, bytes) => {
    expect(codeOf(() => decode(bytes))).toBe('protocol_error');
  });

  it.each([
    ['a frame header is cut short', hex('000000 04 000000')],
    ['a frame is longer than its message', hex('000003 04 00000001', '6869')],
    ['stream 0 is the channel itself', hex('000000 07 00000000')],
    ['frame type 9 is unknown', hex('000000 09 00000001')],
    ['a flag is unknown', hex('000007 02 00000001', '00cc 02', '0000', '0000')],
    ['a payload is cut short', hex('000001 06 00000001', '00')],
    ['a payload is longer than its content', hex('000001 07 00000001', '00')],
    ['a DATA payload is too large', encode(data(1, MAX_DATA_BYTES + 1))],
  ])('is refused with what is wrong, for the log: %s', (says, bytes) => {
    expect(() => decode(bytes)).toThrow(says);
  });

  it.each(FIXTURES.filter(([, , frame]) => frame.type !== 'channelCredit'))(
    '%s on stream 0 is refused',
    (_name, bytes) => {
      const onZero = Buffer.from(bytes);
      onZero.writeUInt32BE(0, 4);
      expect(codeOf(() => decode(onZero))).toBe('protocol_error');
    },
  );
});

describe('a large frame', () => {
  it('of DATA passes up to its limit and not a byte beyond', () => {
    expect(decode(encode(data(1, MAX_DATA_BYTES)))).toEqual([data(1, MAX_DATA_BYTES)]);
    expect(codeOf(() => decode(encode(data(1, MAX_DATA_BYTES + 1))))).toBe('protocol_error');
  });

  it('of a head passes up to its limit and not a byte beyond, written or read', () => {
    const filling = (bytes: number): string[] => [
      '',
      'x'.repeat(65_535),
      '',
      'y'.repeat(bytes - 2 - 8 - 65_535),
    ];
    const largest = encode({ type: 'end', id: 1, trailers: filling(MAX_HEAD_BYTES) });
    expect(largest.length).toBe(8 + MAX_HEAD_BYTES);
    expect(decode(largest)).toEqual([{ type: 'end', id: 1, trailers: filling(MAX_HEAD_BYTES) }]);
    expect(codeOf(() => encode({ type: 'end', id: 1, trailers: filling(MAX_HEAD_BYTES + 1) }))).toBe(
      'head_too_large',
    );

    const longer = Buffer.concat([largest, Buffer.from('y')]);
    longer.writeUIntBE(MAX_HEAD_BYTES + 1, 0, 3);
    longer.writeUInt16BE(longer.readUInt16BE(8 + 2 + 4 + 65_535 + 2) + 1, 8 + 2 + 4 + 65_535 + 2);
    expect(() => decode(longer)).toThrow('a head is too large');
  });

  it('is refused as too large when one of its texts has no room for its length', () => {
    const long = (length: number) => 'x'.repeat(length);
    const tryHead = (head: Partial<typeof POST>) => codeOf(() => encode(request(1, { ...POST, ...head })));
    expect(tryHead({ method: long(255) })).toBe('no error');
    expect(tryHead({ method: long(256) })).toBe('head_too_large');
    expect(tryHead({ requestId: long(256) })).toBe('head_too_large');
    expect(tryHead({ target: long(65_535) })).toBe('no error');
    expect(tryHead({ target: long(65_536) })).toBe('head_too_large');
    expect(tryHead({ headers: ['a', long(65_536)] })).toBe('head_too_large');
  });
});

describe('anything at all', () => {
  it('as a message is read or refused as a protocol error, never worse', () => {
    // A fixed generator is a hundred times faster here than drawing each byte through the property library.
    const random = xorshift(0x0c70_9047);
    const valid = FIXTURES.map(([, bytes]) => bytes);
    const codes = new Set<string>();
    for (let run = 0; run < 100_000; run += 1) {
      codes.add(codeOf(() => decode(run % 2 === 0 ? randomBytes(random) : mutated(random, valid))));
    }
    expect([...codes].sort()).toEqual(['no error', 'protocol_error']);
  });

  it('thrown by a reader of frames is a TunnelError', () => {
    expect(() => decode(hex('00'))).toThrow(TunnelError);
  });
});

function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function randomBytes(random: () => number): Buffer {
  const bytes = Buffer.alloc(random() % 48);
  for (let n = 0; n < bytes.length; n += 1) bytes[n] = random();
  // Half of them look like a frame, so that the payload is reached.
  if (bytes.length > 8 && random() % 2 === 0) {
    bytes.writeUIntBE(bytes.length - 8, 0, 3);
    bytes[3] = 1 + (random() % 8);
  }
  return bytes;
}

function mutated(random: () => number, valid: Buffer[]): Buffer {
  const bytes = Buffer.concat([
    valid[random() % valid.length] ?? Buffer.alloc(0),
    valid[random() % valid.length] ?? Buffer.alloc(0),
  ]);
  for (let flips = 1 + (random() % 3); flips > 0; flips -= 1) bytes[random() % bytes.length] = random();
  return bytes;
}
