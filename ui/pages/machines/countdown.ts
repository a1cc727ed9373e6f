// The time left until the next dial.

import type { Status } from '../../../protocol/api/status.ts';
import { sayAmount } from '../../format/amounts.ts';

export interface Countdown {
  readonly leftMs: number;
  /** How much of the wait is over, from 0 to 1. */
  readonly share: number;
}

/** Null while no dial is planned. The agent's clock may differ from the browser's: never more than the whole wait is left. */
export function countdownOf(
  { since, nextRetryAt }: Pick<Status, 'since' | 'nextRetryAt'>,
  nowMs: number,
): Countdown | null {
  if (nextRetryAt === null) return null;
  const [fromMs, untilMs] = [Date.parse(since), Date.parse(nextRetryAt)];
  const wholeMs = Math.max(0, untilMs - fromMs);
  const leftMs = Math.min(wholeMs, Math.max(0, untilMs - nowMs));
  return { leftMs, share: wholeMs === 0 ? 1 : 1 - leftMs / wholeMs };
}

/** `0.4 s`, `2.0 s`, `48 s`: with tenths as long as they can be followed. */
export function sayLeft(leftMs: number): string {
  return leftMs < 9_950
    ? sayAmount((leftMs / 1000).toFixed(1), 's')
    : sayAmount(Math.round(leftMs / 1000), 's');
}
