// The charts of all our machines by name: an end can draw what the other end tells of.

import type { AnyStateMachine } from 'xstate';
import type { Chart } from '../protocol/api/machines.ts';
import { admissionMachine } from '../machines/admission.ts';
import { attemptMachine } from '../machines/attempt.ts';
import { authMachine } from '../machines/auth.ts';
import { backoffMachine } from '../machines/backoff.ts';
import { certificatesMachine } from '../machines/certificates.ts';
import { configSyncMachine } from '../machines/configSync.ts';
import { connectionMachine } from '../machines/connection.ts';
import { databaseMachine } from '../machines/database.ts';
import { handshakeMachine } from '../machines/handshake.ts';
import { heartbeatMachine } from '../machines/heartbeat.ts';
import { journalWriterMachine } from '../machines/journalWriter.ts';
import { reconcilerMachine } from '../machines/reconciler.ts';
import { sessionMachine } from '../machines/session.ts';
import { chartOf } from './chart.ts';

const MACHINES: readonly AnyStateMachine[] = [
  admissionMachine,
  attemptMachine,
  authMachine,
  backoffMachine,
  certificatesMachine,
  configSyncMachine,
  connectionMachine,
  databaseMachine,
  handshakeMachine,
  heartbeatMachine,
  journalWriterMachine,
  reconcilerMachine,
  sessionMachine,
];

const CHARTS: ReadonlyMap<string, Chart> = new Map(MACHINES.map((machine) => [machine.id, chartOf(machine)]));

/** Null for a name that this version does not know: a newer peer may have others. */
export function chartNamed(name: string): Chart | null {
  return CHARTS.get(name) ?? null;
}
