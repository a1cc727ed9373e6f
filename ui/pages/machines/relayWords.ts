// The states of a request under way in words.

import type { Relay } from '../../../protocol/api/relays.ts';
import type { Words } from '../../words/tones.ts';

export const RELAY_WORDS = {
  opening: { tone: 'busy', label: 'Opening', says: 'The service is being reached.' },
  awaiting: {
    tone: 'busy',
    label: 'Awaiting',
    says: 'The service has the request and has not answered yet.',
  },
  responding: { tone: 'ok', label: 'Responding', says: 'The answer is passed on.' },
  upgraded: {
    tone: 'ok',
    label: 'Upgraded',
    says: 'A WebSocket or the like: it runs until one side ends it.',
  },
} as const satisfies Record<Relay['state'], Words>;

/** How long it has been under way. A browser whose clock is behind the agent's shows none younger than new. */
export function ageOf({ since }: Pick<Relay, 'since'>, nowMs: number): number {
  return Math.max(0, nowMs - Date.parse(since));
}
