// The id of a row of a log: one that rises with time.

import { randomUUID } from 'node:crypto';

/** Hexadecimal digits of the time. */
const TIME_DIGITS = 12;

/**
 * A UUID of version 7 (RFC 9562 §5.7) for a row of `wallMs`, UTC milliseconds since 1970: the order of the ids is that
 * of the times. Rows that come together are neighbours in the table's key: with random ids each of them is written to
 * another page, at twice the cost.
 */
export function createRowId(wallMs: number): string {
  const time = Math.floor(wallMs).toString(16).padStart(TIME_DIGITS, '0');
  // Of version 4 all but the time and the digit that names the version stay.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** When the row was made, UTC milliseconds since 1970. */
export function timeOfRowId(id: string): number {
  return Number.parseInt(`${id.slice(0, 8)}${id.slice(9, 13)}`, 16);
}

/** What the id of no row made at `wallMs` or later is below. */
export function lowestRowId(wallMs: number): string {
  return `${createRowId(wallMs).slice(0, 13)}-7000-8000-000000000000`;
}
