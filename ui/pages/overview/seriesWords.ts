// What the charts show, in words: for those who cannot see them, and beside the pointer.

import type { SeriesPoint } from '../../../protocol/api/series.ts';
import { sayCount, sayCountOf, sayMs, sayShare } from '../../format/amounts.ts';

/** `1,204 requests in the last hour, 84 in the busiest minute; 0.4 % failed.` */
export function sayRequests(points: readonly SeriesPoint[]): string {
  const total = sumOf(points.map(({ count }) => count));
  if (total === 0) return 'No request in the last hour.';
  const most = Math.max(...points.map(({ count }) => count));
  const failed = sumOf(points.map((point) => point.failed));
  const share = failed === 0 ? 'none failed' : `${sayShare(failed, total)} failed`;
  return `${sayCountOf(total, 'request')} in the last hour, ${sayCount(most)} in the busiest minute; ${share}.`;
}

/** `At 12:04 median 12 ms, 95th percentile 80 ms; 1.20 s in the slowest minute.` */
export function sayLatency(points: readonly SeriesPoint[]): string {
  const last = points.findLast(({ p50Ms }) => p50Ms !== null);
  if (last === undefined || last.p50Ms === null || last.p95Ms === null) return 'Nothing was measured.';
  const worst = Math.max(...points.map(({ p95Ms }) => p95Ms ?? 0));
  return `At ${clockOf(last)} ${sayBoth(last.p50Ms, last.p95Ms)}; ${sayMs(worst)} in the slowest minute.`;
}

/** One minute: `12:04: 30 requests, 2 failed`. */
export function sayMinuteCount(point: SeriesPoint): string {
  const failed = point.failed === 0 ? '' : `, ${sayCount(point.failed)} failed`;
  return `${clockOf(point)}: ${sayCountOf(point.count, 'request')}${failed}`;
}

/** One minute: `12:04: median 12 ms, 95th percentile 80 ms`. */
export function sayMinuteLatency(point: SeriesPoint): string {
  if (point.p50Ms === null || point.p95Ms === null) return `${clockOf(point)}: no request`;
  return `${clockOf(point)}: ${sayBoth(point.p50Ms, point.p95Ms)}`;
}

/** `12:04`, in the reader's own time zone. */
export function sayClock(seconds: number): string {
  const at = new Date(seconds * 1000);
  return `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
}

function sayBoth(p50Ms: number, p95Ms: number): string {
  return `median ${sayMs(p50Ms)}, 95th percentile ${sayMs(p95Ms)}`;
}

function clockOf({ start }: SeriesPoint): string {
  return sayClock(Date.parse(start) / 1000);
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
