// What became of a visitor's request, in words.

import type { RequestLogEntry } from '../../protocol/api/logs.ts';
import type { Tone, Words } from './tones.ts';
import { sayErrorCode } from './errorWords.ts';

const SAYS = {
  complete: 'Answered in full by the service.',
  failed: 'The service gave no answer: the visitor got an error page of the gateway.',
  cut: 'Broken off: the visitor got a part of the answer at most.',
  left: 'The visitor left before the end.',
} as const satisfies Record<RequestLogEntry['outcome'], string>;

const UPGRADED = 101;

/** The label is the status, and a word where the answer did not come whole: `200`, `200 cut`, `left`. */
export function wordsOfRequest({
  statusCode,
  outcome,
}: Pick<RequestLogEntry, 'statusCode' | 'outcome'>): Words {
  const isWhole = outcome === 'complete' || (outcome === 'failed' && statusCode !== null);
  const parts = [...(statusCode === null ? [] : [String(statusCode)]), ...(isWhole ? [] : [outcome])];
  const isSocket = statusCode === UPGRADED && outcome === 'complete';
  return {
    tone: toneOf(statusCode, outcome),
    label: parts.join(' '),
    says: isSocket ? 'Became a WebSocket or the like, which has ended.' : SAYS[outcome],
  };
}

/** Why it failed, was cut or was left; null when there is nothing to say. */
export function sayRequestError({ errorCode }: Pick<RequestLogEntry, 'errorCode'>): string | null {
  return errorCode === null ? null : sayErrorCode(errorCode);
}

function toneOf(status: number | null, outcome: RequestLogEntry['outcome']): Tone {
  if (outcome === 'left') return 'off';
  if (outcome !== 'complete' || status === null || status >= 500) return 'bad';
  return status >= 400 ? 'warn' : 'ok';
}
