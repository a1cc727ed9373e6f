// Frames as plain values for tests: read from a message, built into one, and drawn at random.

import fc from 'fast-check';
import { errorCodes, errorOfNumber, type ErrorCode } from '../../protocol/errors.ts';
import {
  FRAME_HEADER_BYTES,
  encodeChannelCredit,
  encodeCredit,
  encodeEnd,
  encodeInform,
  encodeRequest,
  encodeReset,
  encodeResponse,
  encodeStop,
  readFrames,
  writeDataHeader,
  type FrameSink,
  type StreamWindows,
} from '../../protocol/frame.ts';
import type { FlatHeaders, RequestHead, ResponseHead } from '../../protocol/head.ts';

export type Frame =
  | {
      readonly type: 'request';
      readonly id: number;
      readonly head: RequestHead;
      readonly windows: StreamWindows;
    }
  | { readonly type: 'response'; readonly id: number; readonly head: ResponseHead; readonly hasBody: boolean }
  | { readonly type: 'inform'; readonly id: number; readonly head: ResponseHead }
  | { readonly type: 'data'; readonly id: number; readonly payload: Buffer }
  | { readonly type: 'end'; readonly id: number; readonly trailers: FlatHeaders }
  | { readonly type: 'reset'; readonly id: number; readonly code: ErrorCode }
  | { readonly type: 'stop'; readonly id: number }
  | { readonly type: 'credit'; readonly id: number; readonly bytes: number }
  | { readonly type: 'channelCredit'; readonly bytes: number; readonly arrivedBytes: number };

export const GET: RequestHead = {
  mappingId: '7a3f0c1e-5d52-4b8e-9f0a-2f6f3f1f0c11',
  revision: 7,
  visitorAddress: '203.0.113.9',
  requestId: 'r1',
  method: 'GET',
  target: '/a?b=c',
  headers: ['Host', 'app.example.com', 'accept', '*/*'],
  hasBody: false,
  isUpgrade: false,
  isResent: false,
  expectsContinue: false,
};
export const POST: RequestHead = { ...GET, method: 'POST', hasBody: true };
export const UPGRADE: RequestHead = { ...GET, hasBody: true, isUpgrade: true };
export const EXPECT: RequestHead = { ...POST, expectsContinue: true };
export const OK: ResponseHead = { status: 200, reason: 'OK', headers: ['Content-Type', 'text/plain'] };
export const EARLY_HINTS: ResponseHead = {
  status: 103,
  reason: 'Early Hints',
  headers: ['Link', '</a.css>'],
};

/** The frames of one message; what came before a fault is in `into`. */
export function decode(message: Buffer, into: Frame[] = []): Frame[] {
  const sink: FrameSink = {
    onRequest: (id, head, windows) => into.push({ type: 'request', id, head, windows }),
    onResponse: (id, head, hasBody) => into.push({ type: 'response', id, head, hasBody }),
    onInform: (id, head) => into.push({ type: 'inform', id, head }),
    onData: (id, payload) => into.push({ type: 'data', id, payload: Buffer.from(payload) }),
    onEnd: (id, trailers) => into.push({ type: 'end', id, trailers }),
    onReset: (id, number) => into.push({ type: 'reset', id, code: errorOfNumber(number) }),
    onStop: (id) => into.push({ type: 'stop', id }),
    onCredit: (id, bytes) => into.push({ type: 'credit', id, bytes }),
    onChannelCredit: (bytes, arrivedBytes) => into.push({ type: 'channelCredit', bytes, arrivedBytes }),
  };
  readFrames(message, sink);
  return into;
}

export function encode(frame: Frame): Buffer {
  switch (frame.type) {
    case 'request':
      return encodeRequest(frame.id, frame.head, frame.windows);
    case 'response':
      return encodeResponse(frame.id, frame.head, frame.hasBody);
    case 'inform':
      return encodeInform(frame.id, frame.head);
    case 'data': {
      const header = Buffer.alloc(FRAME_HEADER_BYTES);
      writeDataHeader(header, 0, frame.id, frame.payload.length);
      return Buffer.concat([header, frame.payload]);
    }
    case 'end':
      return encodeEnd(frame.id, frame.trailers);
    case 'reset':
      return encodeReset(frame.id, frame.code);
    case 'stop':
      return encodeStop(frame.id);
    case 'credit':
      return encodeCredit(frame.id, frame.bytes);
    case 'channelCredit':
      return encodeChannelCredit(frame.bytes, frame.arrivedBytes);
  }
}

export function encodeAll(...frames: Frame[]): Buffer {
  return Buffer.concat(frames.map(encode));
}

export function request(id: number, head: RequestHead = POST, windows: Partial<StreamWindows> = {}): Frame {
  const initial = head.hasBody && !head.expectsContinue ? 65_536 : 0;
  return { type: 'request', id, head, windows: { request: initial, response: 65_536, ...windows } };
}

export function data(id: number, payload: number | string | Buffer): Frame {
  const bytes = typeof payload === 'number' ? Buffer.alloc(payload, 0x61) : Buffer.from(payload);
  return { type: 'data', id, payload: bytes };
}

export const response = (id: number, hasBody = true): Frame => ({ type: 'response', id, head: OK, hasBody });
export const inform = (id: number): Frame => ({ type: 'inform', id, head: EARLY_HINTS });
export const end = (id: number, trailers: string[] = []): Frame => ({ type: 'end', id, trailers });
export const reset = (id: number): Frame => ({ type: 'reset', id, code: 'cancelled' });
export const stop = (id: number): Frame => ({ type: 'stop', id });
export const credit = (id: number, bytes: number): Frame => ({ type: 'credit', id, bytes });
export const channelCredit = (bytes: number, arrivedBytes: number): Frame => ({
  type: 'channelCredit',
  bytes,
  arrivedBytes,
});

export function hex(...parts: string[]): Buffer {
  return Buffer.from(parts.join('').replaceAll(/\s/g, ''), 'hex');
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const id = fc.integer({ min: 1, max: 0xffff_ffff });
const latin1 = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const headers = fc
  .array(fc.tuple(latin1(12), latin1(40)), { maxLength: 6 })
  .map((pairs): FlatHeaders => pairs.flat());
const responseHead = fc.record({ status: fc.integer({ min: 100, max: 999 }), reason: latin1(20), headers });
const requestHead = fc.record({
  mappingId: fc.uuid(),
  revision: u32,
  visitorAddress: latin1(45),
  requestId: latin1(36),
  method: latin1(10),
  target: latin1(60),
  headers,
  hasBody: fc.boolean(),
  isUpgrade: fc.boolean(),
  isResent: fc.boolean(),
  expectsContinue: fc.boolean(),
});

export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    type: fc.constant('request' as const),
    id,
    head: requestHead,
    windows: fc.record({ request: u32, response: u32 }),
  }),
  fc.record({ type: fc.constant('response' as const), id, head: responseHead, hasBody: fc.boolean() }),
  fc.record({ type: fc.constant('inform' as const), id, head: responseHead }),
  fc.record({
    type: fc.constant('data' as const),
    id,
    payload: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({ type: fc.constant('end' as const), id, trailers: headers }),
  fc.record({ type: fc.constant('reset' as const), id, code: fc.constantFrom(...errorCodes()) }),
  fc.record({ type: fc.constant('stop' as const), id }),
  fc.record({ type: fc.constant('credit' as const), id, bytes: u32 }),
  fc.record({ type: fc.constant('channelCredit' as const), bytes: u32, arrivedBytes: u32 }),
);
