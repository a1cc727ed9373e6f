// A day of the uptime strip in words.

import { sayCountOf, sayDuration } from '../../format/amounts.ts';
import type { Tone, Words } from '../../words/tones.ts';
import type { DayUptime } from './uptime.ts';

/** Below these shares a day is worth a look, and a bad one. */
const GOOD_SHARE = 0.99;
const FAIR_SHARE = 0.9;

/** `label` is the share, `says` the whole: `Mon 3 Nov: 99.2 % online, offline for 11 min; 2 sessions ended.` */
export function wordsOfDay(day: DayUptime): Words {
  const name = sayDay(day.startMs);
  if (day.share === null) return { tone: 'off', label: 'Not known', says: `${name}: not known.` };
  const label = `${day.isAtMost ? 'at most ' : ''}${sayUptime(day.share)}`;
  const offlineMs = day.knownMs - day.onlineMs;
  const offline =
    offlineMs < 1000 ? '' : `, offline for ${day.isAtMost ? 'at least ' : ''}${sayDuration(offlineMs)}`;
  const ends = day.endings === 0 ? '' : `; ${sayCountOf(day.endings, 'session')} ended`;
  return { tone: toneOf(day.share), label, says: `${name}: ${label} online${offline}${ends}.` };
}

/** Never rounded up to whole, nor down to none: `99.9 %` of a day is a minute and a half. */
export function sayUptime(share: number): string {
  if (share >= 1 || share <= 0) return `${100 * share} %`;
  const percent = Math.min(99.99, Math.max(0.01, 100 * share));
  return `${percent >= 99.9 || percent < 0.1 ? percent.toFixed(2) : percent.toFixed(1)} %`;
}

/** `Mon 3 Nov`, in the reader's own time zone. */
export function sayDay(startMs: number): string {
  const part = (options: Intl.DateTimeFormatOptions) => new Date(startMs).toLocaleDateString('en', options);
  return `${part({ weekday: 'short' })} ${part({ day: 'numeric' })} ${part({ month: 'short' })}`;
}

export function toneOf(share: number): Tone {
  if (share >= GOOD_SHARE) return 'ok';
  return share >= FAIR_SHARE ? 'warn' : 'bad';
}
