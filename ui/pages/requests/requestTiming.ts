// Where the time of a request went, as far as the log tells.

import type { RequestLogEntry } from '../../../protocol/api/logs.ts';

export interface TimingPart {
  readonly name: string;
  readonly says: string;
  readonly ms: number;
  /** Of the whole, from 0 to 1. */
  readonly share: number;
}

type TimedEntry = Pick<RequestLogEntry, 'durationMs' | 'firstByteMs' | 'statusCode' | 'outcome'>;

/** Waiting and transfer, as the agent sees them: how long the gateway held the request before, it is not told. One part when it is not known when the answer began. */
export function timingParts({
  durationMs,
  firstByteMs,
  statusCode,
  outcome,
}: TimedEntry): readonly TimingPart[] {
  if (outcome === 'failed' || statusCode === null)
    return [{ name: 'Waiting', says: 'No answer came.', ms: durationMs, share: 1 }];
  if (firstByteMs === null)
    return [{ name: 'Whole', says: 'When the answer began was not noted.', ms: durationMs, share: 1 }];
  const waitingMs = Math.min(firstByteMs, durationMs);
  const share = durationMs === 0 ? 0 : waitingMs / durationMs;
  return [
    {
      name: 'Waiting',
      says: 'From the agent’s receipt until the service began to answer.',
      ms: waitingMs,
      share,
    },
    { name: 'Transfer', says: 'Until the last byte went by.', ms: durationMs - waitingMs, share: 1 - share },
  ];
}
