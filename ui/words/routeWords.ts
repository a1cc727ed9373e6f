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

/** With the gateway's own reason when there is one. */
export function wordsOfRoute({ state, error }: Route): Words {
  const words = WORDS[state];
  return error === undefined ? words : { ...words, says: error.message };
}
