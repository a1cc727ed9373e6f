// Why a page is not live, in words, and what to do.

import type { Trouble } from '../live/turnedAway.ts';

export interface TroubleWords {
  /** Two words, for beside a dot. */
  readonly label: string;
  readonly title: string;
  readonly says: string;
  /** Of the button that loads the page again, where that helps. */
  readonly reload?: string;
}

export function wordsOfTrouble(trouble: Trouble): TroubleWords {
  return WORDS[trouble];
}

const WORDS: Readonly<Record<Trouble, TroubleWords>> = {
  away: {
    label: 'Agent away',
    title: 'The agent does not answer.',
    says: 'This page connects again by itself.',
  },
  refused: {
    label: 'Not live',
    title: 'Live updates are refused.',
    says:
      'The agent itself answers: too many dashboards are open, or a proxy in front of it lets no WebSockets through. ' +
      'Close other dashboards, or let the proxy pass WebSockets to /hub/status. This page tries again by itself.',
  },
  outdated: {
    label: 'Not live',
    title: 'This page is of another version than the agent.',
    says: 'Load it again to see how things stand.',
    reload: 'Load it again',
  },
};
