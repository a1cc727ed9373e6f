// What mappings were asked for in the last hour: as it was loaded, what was told since, and nothing older.

import type { Activity, MappingView } from '../../../protocol/api/mappings.ts';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export interface ActivityTally {
  /** As loaded: what was told of these before is in their own counts. */
  note(mappings: readonly Pick<MappingView, 'id' | 'activity'>[]): void;
  add(items: readonly Pick<RequestLogEntry, 'portMappingId' | 'timestamp'>[]): void;
  read(id: string, nowMs: number): Activity;
}

interface Told {
  lastSeen: string;
  /** How many in each minute, by when it began. */
  readonly minutes: Map<number, number>;
}

const NONE: Activity = { lastSeen: null, requestsLastHour: 0 };

export function createActivityTally(): ActivityTally {
  const loaded = new Map<string, Activity>();
  const told = new Map<string, Told>();

  return {
    note(mappings) {
      for (const { id, activity } of mappings) {
        loaded.set(id, activity);
        told.delete(id);
      }
    },
    add(items) {
      for (const { portMappingId, timestamp } of items) {
        const start = minuteOf(Date.parse(timestamp));
        const known = told.get(portMappingId) ?? { lastSeen: timestamp, minutes: new Map<number, number>() };
        if (timestamp > known.lastSeen) known.lastSeen = timestamp;
        known.minutes.set(start, (known.minutes.get(start) ?? 0) + 1);
        told.set(portMappingId, known);
      }
    },
    read(id, nowMs) {
      const before = loaded.get(id) ?? NONE;
      const since = told.get(id);
      return {
        lastSeen: laterOf(before.lastSeen, since?.lastSeen ?? null),
        requestsLastHour: stillCounted(before, nowMs) + countSince(since, nowMs),
      };
    },
  };
}

/** When they came within their hour is not told: they go together, with the last of them. */
function stillCounted({ lastSeen, requestsLastHour }: Activity, nowMs: number): number {
  return lastSeen === null || nowMs - Date.parse(lastSeen) > HOUR_MS ? 0 : requestsLastHour;
}

function countSince(told: Told | undefined, nowMs: number): number {
  if (told === undefined) return 0;
  const oldest = minuteOf(nowMs) - HOUR_MS;
  let count = 0;
  for (const [start, requests] of told.minutes) {
    if (start <= oldest) told.minutes.delete(start);
    else count += requests;
  }
  return count;
}

function minuteOf(atMs: number): number {
  return Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
}

/** Instants of the API compare as texts. */
function laterOf(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}
