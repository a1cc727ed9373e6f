// A visitor's request as a row of the request log: what is kept of it, and how much.

import type { RequestLogEntry } from '../../protocol/api/logs.ts';
import type { Fact } from '../facts.ts';
import { instantOf } from '../../protocol/api/values.ts';
import { describeError, visitorErrorOf } from '../../protocol/errors.ts';
import { createRowId } from './store/rowId.ts';

/** Characters of a path that are kept. Raised: a visitor with long paths fills memory and disk sooner. */
const MAX_PATH_LENGTH = 1_000;

/** Characters of a method, an address or a version that are kept. Raised: they no longer fit their columns. */
export const MAX_WORD_LENGTH = 100;

/** `nowMs`: when it ended, UTC milliseconds since 1970. */
export function requestRow(
  {
    method,
    path,
    visitorAddress,
    status,
    outcome,
    durationMs,
    firstByteMs,
    bytesIn,
    bytesOut,
  }: Fact<'relay.finished'>,
  portMappingId: string,
  nowMs: number,
): RequestLogEntry {
  const arrivedMs = nowMs - durationMs;
  return {
    id: createRowId(arrivedMs),
    portMappingId,
    timestamp: instantOf(arrivedMs),
    method: method.slice(0, MAX_WORD_LENGTH),
    path: ownCopy(path.slice(0, MAX_PATH_LENGTH)),
    statusCode: status ?? refusalStatus(outcome),
    durationMs: hundredths(durationMs),
    firstByteMs: firstByteMs === null ? null : hundredths(firstByteMs),
    bytesIn,
    bytesOut,
    outcome: outcome.kind,
    errorCode: outcome.code,
    visitorAddress: visitorAddress.slice(0, MAX_WORD_LENGTH),
  };
}

/** What the gateway answers in our place when we fail before the head. */
function refusalStatus({ kind, code }: Fact<'relay.finished'>['outcome']): number | null {
  return kind === 'failed' && code !== null ? describeError(visitorErrorOf(code)).status : null;
}

function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** V8 keeps a whole request head alive for a part of it: a row that waits must not. */
function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}
