// What payloads are made of: numbers, identifiers, texts and headers, written and read one after the other.

import { TunnelError } from './errors.ts';
import type { FlatHeaders } from './head.ts';

/** What one and two bytes of length can say. */
const MAX_SHORT_TEXT_BYTES = 0xff;
const MAX_TEXT_BYTES = 0xffff;

export const UUID_BYTES = 16;

/** The peer's bytes are not as specified. */
export function malformed(detail: string): TunnelError {
  return new TunnelError('protocol_error', detail);
}

/** Our own head does not fit. */
export function tooLarge(bytes: number): TunnelError {
  return new TunnelError('head_too_large', `${bytes} bytes`);
}

/** What `headers` takes in a payload. */
export function headersBytes(headers: FlatHeaders): number {
  let bytes = 2;
  for (const part of headers) bytes += 2 + part.length;
  return bytes;
}

export class PayloadWriter {
  readonly frame: Buffer;
  private offset: number;

  /** Writes from `offset` on: the caller made room for all of it. */
  constructor(frame: Buffer, offset: number) {
    this.frame = frame;
    this.offset = offset;
  }

  u8(value: number): void {
    this.offset = this.frame.writeUInt8(value, this.offset);
  }

  u16(value: number): void {
    this.offset = this.frame.writeUInt16BE(value, this.offset);
  }

  u32(value: number): void {
    this.offset = this.frame.writeUInt32BE(value, this.offset);
  }

  uuid(value: string): void {
    this.offset += this.frame.write(value.replaceAll('-', ''), this.offset, UUID_BYTES, 'hex');
  }

  shortText(value: string): void {
    if (value.length > MAX_SHORT_TEXT_BYTES) throw tooLarge(value.length);
    this.u8(value.length);
    this.offset += this.frame.write(value, this.offset, 'latin1');
  }

  text(value: string): void {
    if (value.length > MAX_TEXT_BYTES) throw tooLarge(value.length);
    this.u16(value.length);
    this.offset += this.frame.write(value, this.offset, 'latin1');
  }

  headers(headers: FlatHeaders): void {
    this.u16(headers.length / 2);
    for (const part of headers) this.text(part);
  }
}

/** Reads from `start` to `end` of a message and no further: throws `protocol_error` at what is missing or left over. */
export class PayloadReader {
  private readonly message: Buffer;
  private readonly end: number;
  private offset: number;

  constructor(message: Buffer, start: number, end: number) {
    this.message = message;
    this.offset = start;
    this.end = end;
  }

  u8(): number {
    return this.message.readUInt8(this.take(1));
  }

  u16(): number {
    return this.message.readUInt16BE(this.take(2));
  }

  u32(): number {
    return this.message.readUInt32BE(this.take(4));
  }

  /** One byte of flags; a bit outside `known` belongs to a version we do not speak. */
  flags(known: number): number {
    const bits = this.u8();
    if ((bits & ~known) !== 0) throw malformed('a flag is unknown');
    return bits;
  }

  uuid(): string {
    const start = this.take(UUID_BYTES);
    const hex = this.message.toString('hex', start, start + UUID_BYTES);
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  shortText(): string {
    return this.slice(this.u8());
  }

  text(): string {
    return this.slice(this.u16());
  }

  headers(): FlatHeaders {
    const count = this.u16();
    const headers: string[] = [];
    for (let n = 0; n < count; n += 1) headers.push(this.text(), this.text());
    return headers;
  }

  finish(): void {
    if (this.offset !== this.end) throw malformed('a payload is longer than its content');
  }

  private slice(bytes: number): string {
    const start = this.take(bytes);
    return this.message.toString('latin1', start, start + bytes);
  }

  private take(bytes: number): number {
    const start = this.offset;
    if (start + bytes > this.end) throw malformed('a payload is cut short');
    this.offset = start + bytes;
    return start;
  }
}
