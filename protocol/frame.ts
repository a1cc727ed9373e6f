// The byte layout of frames: an eight-byte header, then a payload by type. All numbers are big-endian.

import type { FlatHeaders, RequestHead, ResponseHead } from './head.ts';
import { describeError, type ErrorCode } from './errors.ts';
import { MAX_DATA_BYTES, MAX_HEAD_BYTES } from './limits.ts';
import { PayloadReader, PayloadWriter, UUID_BYTES, headersBytes, malformed, tooLarge } from './payload.ts';

/** 3 bytes payload length, 1 byte type, 4 bytes stream id. */
export const FRAME_HEADER_BYTES = 8;

export const FrameType = {
  request: 1,
  response: 2,
  inform: 3,
  data: 4,
  end: 5,
  reset: 6,
  stop: 7,
  credit: 8,
} as const;

/** Receives the frames of one message in order. DATA payloads are views into the message. */
export interface FrameSink {
  onRequest(streamId: number, head: RequestHead, windows: StreamWindows): void;
  onResponse(streamId: number, head: ResponseHead, hasBody: boolean): void;
  onInform(streamId: number, head: ResponseHead): void;
  onData(streamId: number, payload: Buffer): void;
  onEnd(streamId: number, trailers: FlatHeaders): void;
  onReset(streamId: number, number: number): void;
  onStop(streamId: number): void;
  onCredit(streamId: number, bytes: number): void;
  onChannelCredit(bytes: number, arrivedBytes: number): void;
}

/** The implicit credit a stream starts with, in bytes: the gateway tells both, so that both ends count alike. */
export interface StreamWindows {
  readonly request: number;
  readonly response: number;
}

const REQUEST_FIXED_BYTES = UUID_BYTES + 4 + 1 + 4 + 4;
const flags = { hasBody: 1, isUpgrade: 2, isResent: 4, expectsContinue: 8 } as const;

export function encodeRequest(streamId: number, head: RequestHead, windows: StreamWindows): Buffer {
  const { method, target, visitorAddress, requestId, headers } = head;
  const strings = 1 + visitorAddress.length + 1 + requestId.length + 1 + method.length + 2 + target.length;
  const writer = startFrame(
    FrameType.request,
    streamId,
    REQUEST_FIXED_BYTES + strings + headersBytes(headers),
  );
  writer.uuid(head.mappingId);
  writer.u32(head.revision);
  writer.u8(
    (head.hasBody ? flags.hasBody : 0) |
      (head.isUpgrade ? flags.isUpgrade : 0) |
      (head.isResent ? flags.isResent : 0) |
      (head.expectsContinue ? flags.expectsContinue : 0),
  );
  writer.u32(windows.request);
  writer.u32(windows.response);
  writer.shortText(visitorAddress);
  writer.shortText(requestId);
  writer.shortText(method);
  writer.text(target);
  writer.headers(headers);
  return writer.frame;
}

export function encodeResponse(streamId: number, head: ResponseHead, hasBody: boolean): Buffer {
  const size = 2 + 1 + 2 + head.reason.length + headersBytes(head.headers);
  const writer = startFrame(FrameType.response, streamId, size);
  writer.u16(head.status);
  writer.u8(hasBody ? flags.hasBody : 0);
  writer.text(head.reason);
  writer.headers(head.headers);
  return writer.frame;
}

export function encodeInform(streamId: number, head: ResponseHead): Buffer {
  const size = 2 + 2 + head.reason.length + headersBytes(head.headers);
  const writer = startFrame(FrameType.inform, streamId, size);
  writer.u16(head.status);
  writer.text(head.reason);
  writer.headers(head.headers);
  return writer.frame;
}

/** The header alone: the payload follows it in the same message. */
export function writeDataHeader(
  target: Buffer,
  offset: number,
  streamId: number,
  payloadBytes: number,
): void {
  writeFrameHeader(target, offset, FrameType.data, streamId, payloadBytes);
}

export function encodeEnd(streamId: number, trailers: FlatHeaders): Buffer {
  const writer = startFrame(FrameType.end, streamId, headersBytes(trailers));
  writer.headers(trailers);
  return writer.frame;
}

export function encodeReset(streamId: number, code: ErrorCode): Buffer {
  const writer = startFrame(FrameType.reset, streamId, 2);
  writer.u16(describeError(code).number);
  return writer.frame;
}

export function encodeStop(streamId: number): Buffer {
  return startFrame(FrameType.stop, streamId, 0).frame;
}

export function encodeCredit(streamId: number, bytes: number): Buffer {
  const writer = startFrame(FrameType.credit, streamId, 4);
  writer.u32(bytes);
  return writer.frame;
}

/** Stream 0. `arrivedBytes` counts all DATA payload received on the wire so far, modulo 2^32. */
export function encodeChannelCredit(bytes: number, arrivedBytes: number): Buffer {
  const writer = startFrame(FrameType.credit, 0, 8);
  writer.u32(bytes);
  writer.u32(arrivedBytes >>> 0);
  return writer.frame;
}

/**
 * Reads every frame of one binary message into `sink`.
 * @throws TunnelError `protocol_error` at the first byte that is not as specified; frames before it were delivered.
 */
export function readFrames(message: Buffer, sink: FrameSink): void {
  let offset = 0;
  while (offset < message.length) {
    if (message.length - offset < FRAME_HEADER_BYTES) throw malformed('a frame header is cut short');
    const payloadBytes = message.readUIntBE(offset, 3);
    const type = message.readUInt8(offset + 3);
    const streamId = message.readUInt32BE(offset + 4);
    const start = offset + FRAME_HEADER_BYTES;
    offset = start + payloadBytes;
    if (offset > message.length) throw malformed('a frame is longer than its message');
    readFrame(type, streamId, message, start, offset, sink);
  }
}

function readFrame(
  type: number,
  streamId: number,
  message: Buffer,
  start: number,
  end: number,
  sink: FrameSink,
): void {
  if (type === FrameType.data) {
    if (end - start > MAX_DATA_BYTES) throw malformed('a DATA payload is too large');
    requireStream(streamId);
    sink.onData(streamId, message.subarray(start, end));
    return;
  }
  if (end - start > MAX_HEAD_BYTES) throw malformed('a head is too large');
  const reader = new PayloadReader(message, start, end);
  if (type === FrameType.credit && streamId === 0) {
    const bytes = reader.u32();
    const arrivedBytes = reader.u32();
    reader.finish();
    sink.onChannelCredit(bytes, arrivedBytes);
    return;
  }
  requireStream(streamId);
  switch (type) {
    case FrameType.request:
      readRequest(streamId, reader, sink);
      return;
    case FrameType.response: {
      const status = reader.u16();
      const hasBody = reader.flags(flags.hasBody) !== 0;
      const head = { status, reason: reader.text(), headers: reader.headers() };
      reader.finish();
      sink.onResponse(streamId, head, hasBody);
      return;
    }
    case FrameType.inform: {
      const head = { status: reader.u16(), reason: reader.text(), headers: reader.headers() };
      reader.finish();
      sink.onInform(streamId, head);
      return;
    }
    case FrameType.end: {
      const trailers = reader.headers();
      reader.finish();
      sink.onEnd(streamId, trailers);
      return;
    }
    case FrameType.reset: {
      const number = reader.u16();
      reader.finish();
      sink.onReset(streamId, number);
      return;
    }
    case FrameType.stop:
      reader.finish();
      sink.onStop(streamId);
      return;
    case FrameType.credit: {
      const bytes = reader.u32();
      reader.finish();
      sink.onCredit(streamId, bytes);
      return;
    }
    default:
      throw malformed(`frame type ${type} is unknown`);
  }
}

function readRequest(streamId: number, reader: PayloadReader, sink: FrameSink): void {
  const mappingId = reader.uuid();
  const revision = reader.u32();
  const bits = reader.flags(flags.hasBody | flags.isUpgrade | flags.isResent | flags.expectsContinue);
  const windows = { request: reader.u32(), response: reader.u32() };
  const head: RequestHead = {
    mappingId,
    revision,
    visitorAddress: reader.shortText(),
    requestId: reader.shortText(),
    method: reader.shortText(),
    target: reader.text(),
    headers: reader.headers(),
    hasBody: (bits & flags.hasBody) !== 0,
    isUpgrade: (bits & flags.isUpgrade) !== 0,
    isResent: (bits & flags.isResent) !== 0,
    expectsContinue: (bits & flags.expectsContinue) !== 0,
  };
  reader.finish();
  sink.onRequest(streamId, head, windows);
}

function requireStream(streamId: number): void {
  if (streamId === 0) throw malformed('stream 0 is the channel itself');
}

function startFrame(type: number, streamId: number, payloadBytes: number): PayloadWriter {
  if (payloadBytes > MAX_HEAD_BYTES) throw tooLarge(payloadBytes);
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payloadBytes);
  writeFrameHeader(frame, 0, type, streamId, payloadBytes);
  return new PayloadWriter(frame, FRAME_HEADER_BYTES);
}

function writeFrameHeader(
  target: Buffer,
  offset: number,
  type: number,
  streamId: number,
  payloadBytes: number,
): void {
  target.writeUIntBE(payloadBytes, offset, 3);
  target.writeUInt8(type, offset + 3);
  target.writeUInt32BE(streamId, offset + 4);
}
