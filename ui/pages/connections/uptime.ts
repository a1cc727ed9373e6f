// How much of each day the tunnel was online, from the sessions that the log holds.

import type { ConnectionLogEntry } from '../../../protocol/api/logs.ts';
import { isEndedUnseen } from '../../words/disconnectWords.ts';

export interface DayUptime {
  readonly startMs: number;
  /** Of today: now. */
  readonly endMs: number;
  /** Online, from 0 to 1, of the time that is known; null when nothing is known of that day. */
  readonly share: number | null;
  readonly onlineMs: number;
  /** From the first session that was ever noted on. */
  readonly knownMs: number;
  /** Sessions that ended on that day. */
  readonly endings: number;
  /** One of them ended unseen: `share` is the most it can have been. */
  readonly isAtMost: boolean;
}

/** What is looked at of a session. */
export type Session = Pick<ConnectionLogEntry, 'connectedAt' | 'disconnectedAt' | 'disconnectReason'>;

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** The first moments of the last days, today's last, in the reader's own time zone. A day may have 23 or 25 hours. */
export function lastDayStarts(nowMs: number, days: number): number[] {
  const now = new Date(nowMs);
  return Array.from({ length: days }, (_, index) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - (days - 1 - index)).getTime(),
  );
}

/** For each of `dayStarts`, the oldest first. `knownFromMs`: nothing is known of what was before; null: of nothing at all. */
export function uptimeByDay(
  sessions: readonly Session[],
  dayStarts: readonly number[],
  knownFromMs: number | null,
  nowMs: number,
): DayUptime[] {
  // Once for all days: there may be thousands.
  const spans = sessions.map((session) => ({
    ...spanOf(session, nowMs),
    hasEnded: session.disconnectedAt !== null,
    isUnseen: isEndedUnseen(session),
  }));
  const ended = spans.filter(({ hasEnded }) => hasEnded);
  const unseen = spans.filter(({ isUnseen }) => isUnseen);
  const online = unionOf(spans);
  return dayStarts.map((startMs, index) => {
    const endMs = Math.min(dayStarts[index + 1] ?? nowMs, nowMs);
    const day = { startMs, endMs };
    const onlineMs = online.reduce((sum, span) => sum + overlapMs(span, day), 0);
    const knownMs = knownFromMs === null ? 0 : overlapMs({ startMs: knownFromMs, endMs }, day);
    return {
      startMs,
      endMs,
      onlineMs,
      knownMs,
      share: knownMs === 0 ? null : Math.min(1, onlineMs / knownMs),
      endings: ended.filter((span) => span.endMs >= startMs && span.endMs < endMs).length,
      isAtMost: unseen.some((span) => overlapMs(span, day) > 0),
    };
  });
}

/** Over all days of which something is known; null when nothing is. */
export function shareOf(days: readonly DayUptime[]): number | null {
  const knownMs = days.reduce((sum, day) => sum + day.knownMs, 0);
  if (knownMs === 0) return null;
  return Math.min(1, days.reduce((sum, day) => sum + day.onlineMs, 0) / knownMs);
}

/** How long there was no tunnel before a session; null when that is not known. `sessions` are the newest first. */
export function gapBeforeMs(sessions: readonly Session[], index: number): number | null {
  const [session, before] = [sessions[index], sessions[index + 1]];
  if (session === undefined || before === undefined || before.disconnectedAt === null) return null;
  return Math.max(0, Date.parse(session.connectedAt) - Date.parse(before.disconnectedAt));
}

function spanOf({ connectedAt, disconnectedAt }: Session, nowMs: number): Span {
  return {
    startMs: Date.parse(connectedAt),
    endMs: disconnectedAt === null ? nowMs : Date.parse(disconnectedAt),
  };
}

function overlapMs(one: Span, other: Span): number {
  return Math.max(0, Math.min(one.endMs, other.endMs) - Math.max(one.startMs, other.startMs));
}

/** Two tunnels at the same time are online once. */
function unionOf(spans: readonly Span[]): Span[] {
  const union: Span[] = [];
  for (const span of spans.toSorted((one, other) => one.startMs - other.startMs)) {
    const last = union.at(-1);
    if (last === undefined || span.startMs > last.endMs) union.push(span);
    else union[union.length - 1] = { startMs: last.startMs, endMs: Math.max(last.endMs, span.endMs) };
  }
  return union;
}
