// What is answered to bytes that Node's parser gave up on, where there is no request to answer.

import { randomUUID } from 'node:crypto';
import type { ErrorCode } from '../../protocol/errors.ts';
import { errorPage } from './errorPages.ts';

/**
 * refused: malformed, answered with the code; late: the head took too long; surplus: bytes behind a request that ends
 * its connection, which nobody will read; gone: the connection itself broke.
 */
export type ParseFailure =
  | { readonly kind: 'refused'; readonly code: ErrorCode }
  | { readonly kind: 'late' }
  | { readonly kind: 'surplus' }
  | { readonly kind: 'gone' };

const SPECIAL: ReadonlyMap<string, ParseFailure> = new Map<string, ParseFailure>([
  ['HPE_HEADER_OVERFLOW', { kind: 'refused', code: 'head_too_large' }],
  ['ERR_HTTP_REQUEST_TIMEOUT', { kind: 'late' }],
  ['HPE_CLOSED_CONNECTION', { kind: 'surplus' }],
  // The visitor's FIN in mid message.
  ['HPE_INVALID_EOF_STATE', { kind: 'gone' }],
]);

/** Node's parser (llhttp) names its errors with this prefix; the others are the socket's. */
const PARSER_PREFIX = 'HPE_';

export function parseFailureOf(error: Error): ParseFailure {
  const code = 'code' in error ? String(error.code) : '';
  const isParsers = code.startsWith(PARSER_PREFIX);
  return SPECIAL.get(code) ?? (isParsers ? { kind: 'refused', code: 'bad_request' } : { kind: 'gone' });
}

/** A whole error answer that closes the connection. */
export function rawErrorAnswer(code: ErrorCode): Buffer {
  const { status, reason, headers, body } = errorPage(code, {
    accept: '',
    requestId: randomUUID(),
    isHead: false,
  });
  let head = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let n = 0; n < headers.length; n += 2) head += `${headers[n] ?? ''}: ${headers[n + 1] ?? ''}\r\n`;
  head += `Date: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

/** No code of ours says 408: `head_timeout` is the origin's. */
export function rawTimeoutAnswer(): Buffer {
  return Buffer.from('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
}
