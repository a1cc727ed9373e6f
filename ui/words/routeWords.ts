// The states of a mapping's route in words.

import type { Route } from '../../protocol/api/mappings.ts';
import type { Words } from './tones.ts';

const WORDS = {
  disabled: { tone: 'off', label: 'Off', says: 'Not published: it is switched off.' },
  offline: { tone: 'warn', label: 'Offline', says: 'There is no tunnel: visitors get an error page.' },
  pending: {
    tone: 'busy',
    label: 'Pending',
    says: 'On its way to the gateway and the web server in front of it.',
  },
  active: { tone: 'ok', label: 'Live', says: 'Visitors are led to its target.' },
  refused: { tone: 'bad', label: 'Refused', says: 'The gateway does not publish it.' },
} as const satisfies Record<Route['state'], Words>;

/**
 * With the gateway's own reason when there is one. `unanswered`: why the service behind a live route gave no answer to the
 * last request; null when it did, or that is not known.
 */
export function wordsOfRoute({ state, error }: Route, unanswered: string | null = null): Words {
  const words = WORDS[state];
  if (state === 'active' && unanswered !== null)
    return {
      tone: 'warn',
      label: 'Live, no answer',
      says: `The last visitor got no answer from its target: ${unanswered}`,
    };
  return error === undefined ? words : { ...words, says: error.message };
}
