// Whether the services behind mappings answer: what became of the last request of each.

import type { MappingView } from '../../../protocol/api/mappings.ts';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { sayRequestError } from '../../words/requestWords.ts';

type Ended = Pick<RequestLogEntry, 'portMappingId' | 'timestamp' | 'durationMs' | 'outcome' | 'errorCode'>;

export interface AnswerTally {
  /** In any order, and any of them more than once. */
  add(items: readonly Ended[]): void;
  /** Why its service gave no answer to the last request; null when it did, or that is not known of it as it is now. */
  failureOf(mapping: Pick<MappingView, 'id' | 'updatedAt'>): string | null;
}

interface Last {
  readonly endMs: number;
  readonly failure: string | null;
}

export function createAnswerTally(): AnswerTally {
  const last = new Map<string, Last>();
  return {
    add(items) {
      for (const item of items) {
        // A visitor who left says nothing of the service.
        if (item.outcome === 'left') continue;
        const endMs = Date.parse(item.timestamp) + item.durationMs;
        if (endMs < (last.get(item.portMappingId)?.endMs ?? 0)) continue;
        last.set(item.portMappingId, { endMs, failure: failureIn(item) });
      }
    },
    failureOf({ id, updatedAt }) {
      const known = last.get(id);
      // It may lead elsewhere since.
      return known === undefined || known.endMs < Date.parse(updatedAt) ? null : known.failure;
    },
  };
}

function failureIn(item: Ended): string | null {
  if (item.outcome !== 'failed') return null;
  return sayRequestError(item) ?? 'The service gave no answer.';
}
