// Why a tunnel ended, in words that fit a list of sessions.

import type { ConnectionLogEntry } from '../../protocol/api/logs.ts';
import { sayErrorCode } from './errorWords.ts';
import type { Words } from './tones.ts';

/** What the table of errors says from inside a tunnel, said from outside; all else is said as it is there. */
const SAYS: ReadonlyMap<string, string> = new Map([
  ['going_away', 'The gateway was shut down or restarted.'],
  ['draining', 'The gateway was shut down or restarted.'],
  ['wire_closed', 'The connection to the gateway broke.'],
  [
    'peer_silent',
    'Nothing was heard from the gateway for too long: the network was away, or the gateway stuck.',
  ],
  ['replaced', 'The agent had dialled anew: the newer tunnel took over.'],
  ['stopped', 'The agent was stopped.'],
  ['redialled', 'Somebody asked the agent to dial again.'],
]);

/** Ends that were meant, on either side, or that cost no visitor anything. */
const ON_PURPOSE = ['stopped', 'redialled', 'replaced', 'going_away', 'draining'];

/** The agent noted the end only when it had started again: when it was is not known. */
export function isEndedUnseen({
  disconnectedAt,
  disconnectReason,
}: Pick<ConnectionLogEntry, 'disconnectedAt' | 'disconnectReason'>): boolean {
  return disconnectedAt !== null && disconnectReason === null;
}

/** `label` is short: `Online`, `Ended`, `Lost`, `Unknown`. */
export function wordsOfEnd({
  disconnectedAt,
  disconnectReason,
}: Pick<ConnectionLogEntry, 'disconnectedAt' | 'disconnectReason'>): Words {
  if (disconnectedAt === null) return { tone: 'ok', label: 'Online', says: 'It carries requests right now.' };
  if (disconnectReason === null)
    return {
      tone: 'warn',
      label: 'Unknown',
      says: 'The agent ended without a word, as in a power cut. When is not known: it is counted until the agent had started again.',
    };
  const says = SAYS.get(disconnectReason) ?? sayErrorCode(disconnectReason);
  return ON_PURPOSE.includes(disconnectReason)
    ? { tone: 'off', label: 'Ended', says }
    : { tone: 'bad', label: 'Lost', says };
}
