// Heads on the hop between us and an origin: the lines we add to a request, and what a response's lines mean.

import type { IncomingMessage, InformationEvent } from 'node:http';
import { TunnelError } from '../../protocol/errors.ts';
import type { FlatHeaders, ResponseHead } from '../../protocol/head.ts';
import {
  endToEndHeaders,
  keepHeaders,
  membersOf,
  passingTrailers,
  valuesOf,
} from '../../protocol/headers.ts';
import { MAX_HEAD_BYTES } from '../../protocol/limits.ts';
import type { OriginRequest } from './originDispatcher.ts';

/** What a head takes on the wire besides its texts: a length before each, and its fixed fields. */
const BYTES_PER_TEXT = 2;
const FIXED_BYTES = 64;

/** The body has no length among the headers, so it goes in chunks. */
export function isChunkedRequest(request: OriginRequest): boolean {
  return request.hasBody && !request.isUpgrade && valuesOf(request.headers, 'content-length').length === 0;
}

/** All lines of the request: those given, then Expect, Connection and Transfer-Encoding as this hop needs them. */
export function requestLines(request: OriginRequest): string[] {
  const isChunked = isChunkedRequest(request);
  const lines = passableLines(request.headers, isChunked);
  if (request.expectsContinue && valuesOf(lines, 'expect').length === 0) lines.push('Expect', '100-continue');
  const options = [connectionOption(request)];
  if (membersOf(lines, 'te').length > 0) options.push('TE');
  lines.push('Connection', options.join(', '));
  if (isChunked) lines.push('Transfer-Encoding', 'chunked');
  return lines;
}

function connectionOption({ isUpgrade, isFreshConnection }: OriginRequest): string {
  if (isUpgrade) return 'Upgrade';
  return isFreshConnection ? 'close' : 'keep-alive';
}

/**
 * Two lines that Node's client cannot take as they are. Trailer on a body that is not chunked makes it throw, and means
 * nothing there. A Content-Disposition behind a Content-Length it reads as UTF-8, which spoils obs-text: so the length
 * moves to the end.
 */
function passableLines(headers: FlatHeaders, isChunked: boolean): string[] {
  const hasDisposition = valuesOf(headers, 'content-disposition').length > 0;
  const lines = keepHeaders(
    headers,
    (name) => (isChunked || name !== 'trailer') && !(hasDisposition && name === 'content-length'),
  );
  if (hasDisposition) lines.push(...keepHeaders(headers, (name) => name === 'content-length'));
  return lines;
}

export interface ResponseBody {
  readonly hasBody: boolean;
  /** The end of the connection is the end of the body: nothing else tells whether it is whole. */
  readonly isCloseDelimited: boolean;
  /** There is no body, whatever the framing lines claim: what may follow them belongs to nobody. */
  readonly isFramingVoid: boolean;
}

/** Throws `origin_invalid` for a transfer coding that we would have to undo and cannot. */
export function responseBodyOf(response: IncomingMessage, method: string): ResponseBody {
  const { rawHeaders, statusCode } = response;
  const codings = membersOf(rawHeaders, 'transfer-encoding').join(', ');
  if (codings !== '' && codings !== 'chunked' && codings !== 'identity')
    throw new TunnelError('origin_invalid', `transfer coding ${codings}`);
  const isChunked = codings === 'chunked';
  const length = valuesOf(rawHeaders, 'content-length')[0];
  const isBodiless = method === 'HEAD' || statusCode === 204 || statusCode === 304;
  return {
    hasBody: !isBodiless && (isChunked || Number(length) !== 0),
    isCloseDelimited: !isBodiless && !isChunked && length === undefined,
    isFramingVoid: statusCode === 204 && (isChunked || Number(length ?? 0) !== 0),
  };
}

/** The head as it travels on. Throws `origin_invalid` when it does not fit a frame. */
export function responseHeadOf(response: IncomingMessage | InformationEvent): ResponseHead {
  const status = response.statusCode ?? 0;
  const reason = response.statusMessage ?? '';
  // TE belongs to requests; there alone may `trailers` travel on.
  const lines = keepHeaders(response.rawHeaders, (name) => name !== 'te');
  const headers = endToEndHeaders(lines, { keepUpgrade: status === 101 });
  requireFitting([reason, ...headers]);
  return { status, reason, headers };
}

/** Throws `origin_invalid` when they do not fit a frame. */
export function responseTrailersOf(response: IncomingMessage): string[] {
  const trailers = passingTrailers(response.rawTrailers);
  requireFitting(trailers);
  return trailers;
}

function requireFitting(texts: readonly string[]): void {
  const bytes = texts.reduce((sum, text) => sum + BYTES_PER_TEXT + text.length, FIXED_BYTES);
  if (bytes > MAX_HEAD_BYTES) throw new TunnelError('origin_invalid', `${bytes} bytes of head or trailers`);
}
