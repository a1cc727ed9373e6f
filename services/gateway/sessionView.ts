// A session as the gateway's full status shows it: whose it is and how far it got, and none of its secrets.

import type { SnapshotFrom } from 'xstate';
import type { sessionMachine } from '../../machines/session.ts';
import type { ActorView } from '../actors.ts';
import { instantOf } from '../../protocol/api/values.ts';

/** Null until its agent has told. */
export interface SessionView {
  readonly id: string;
  readonly agentId: string | null;
  readonly agentVersion: string | null;
  readonly state: string;
  /** UTC, ISO 8601. */
  readonly since: string;
  readonly rttMs: number | null;
  readonly revision: number | null;
  /** Mappings of that revision, refused ones included. */
  readonly mappings: number;
  readonly refused: number;
}

export function sessionViewOf(
  { id, state, sinceMs }: ActorView,
  { context }: SnapshotFrom<typeof sessionMachine>,
  mappings: number,
): SessionView {
  const { identity, agentVersion, revision, rttMs, refused } = context;
  return {
    id,
    agentId: identity?.agentId ?? null,
    agentVersion: agentVersion === '' ? null : agentVersion,
    state,
    since: instantOf(sinceMs),
    rttMs,
    revision: revision < 0 ? null : revision,
    mappings,
    refused: refused.length,
  };
}

/** New streams go down this wire: neither end leaves. */
export function isServing(snapshot: SnapshotFrom<typeof sessionMachine>): boolean {
  const isStaying = snapshot.matches({ online: 'fresh' }) || snapshot.matches({ online: 'renewing' });
  return isStaying && snapshot.status === 'active';
}
