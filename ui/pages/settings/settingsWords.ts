// What the agent runs with, in words.

import type { Settings, Skew } from '../../../protocol/api/settings.ts';
import { sayCountOf, sayDuration } from '../../format/amounts.ts';
import type { Words } from '../../words/tones.ts';

const SKEW_WORDS: Record<Skew, Words> = {
  none: { tone: 'ok', label: 'Same version', says: 'Both sides run the same version.' },
  patch: {
    tone: 'ok',
    label: 'Fits',
    says: 'Both sides work together; one of them has fixes that the other lacks.',
    advice: 'Update the older one when it suits you.',
  },
  minor: {
    tone: 'warn',
    label: 'Apart',
    says: 'Both sides work together, but what only the newer one knows is not there.',
    advice: 'Bring both to the newer version.',
  },
  major: {
    tone: 'bad',
    label: 'Too far apart',
    says: 'The two sides may not understand each other.',
    advice: 'Bring both to the same major version.',
  },
};

const UNKNOWN: Words = {
  tone: 'off',
  label: 'Not known',
  says: 'The gateway has not said its version yet: it does with the first tunnel.',
};

/** How well the versions of both sides fit. Without a tunnel the gateway may be another one by now. */
export function wordsOfSkew(skew: Settings['skew'], isTunnelUp: boolean): Words {
  if (skew === null) return UNKNOWN;
  const words = SKEW_WORDS[skew];
  return isTunnelUp ? words : { ...words, tone: 'off', says: `When there was last a tunnel: ${words.says}` };
}

export function sayDatabase({ kind }: Settings['database']): string {
  return kind === 'sqlite' ? 'SQLite, a file beside the agent' : 'SQL Server';
}

/** `7 d, at most 100,000 requests`. */
export function sayRetention({ maxAgeMs, maxRows }: Settings['logs']['requests'], row: string): string {
  return `${sayDuration(maxAgeMs)}, at most ${sayCountOf(maxRows, row)}`;
}
