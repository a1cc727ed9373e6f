// An agent killed again and again while eight writers edit: whatever it answered as done is there when it is back.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { until } from '../support/rig.ts';
import type { AdminApi } from './adminApi.ts';
import type { Stage } from './stage.ts';
import type { StandingAgent } from './standing.ts';
import { openAdmin, startPair } from './standingPair.ts';
import { check, note } from './verdict.ts';
import { EditWriter } from './editWriter.ts';

const WRITERS = 8;

/** Killed at any moment of this time after the writers began. */
const ROUND_MS = 600;

export async function killed(stage: Stage, { rounds = 100 }: { rounds?: number }): Promise<void> {
  const { agent } = await startPair(stage);
  const api = await openAdmin(stage, agent);

  const writers = Array.from({ length: WRITERS }, (_, n) => new EditWriter(api, `writer-${n}`));
  const faults: string[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const working = Promise.all(writers.map((writer) => writer.writeUntilCut()));
    await delay(Math.random() * ROUND_MS);
    await agent.service.end('SIGKILL');
    await working;
    faults.push(...integrityOf(stage, agent, writers));
    agent.service.start();
    await until('the agent has its database again', () => isOk(api), 15_000);
    for (const writer of writers) faults.push(...(await writer.compare()));
    if (faults.length > 0) break;
  }
  for (const fault of faults) note(fault);
  const answered = sum(writers, (writer) => writer.answered);
  const unanswered = sum(writers, (writer) => writer.unanswered);
  note(
    `${answered} edits answered, ${unanswered} cut off by a kill, of which ${sum(writers, (writer) => writer.carriedOut)} were carried out all the same; ${sum(writers, (writer) => writer.expected.size)} mappings in the end`,
  );
  check(`${answered} edits were answered between ${rounds} kills`, answered > rounds);
  check(`${faults.length} answered edits lost, or a database that is not whole`, faults.length === 0);
}

async function isOk(api: AdminApi): Promise<boolean> {
  const answer = await api.health().catch(() => null);
  return answer?.status === 200;
}

/** What is wrong with what the kill has left behind. Seen on a copy: the agent has to recover the file by itself. */
function integrityOf(stage: Stage, { dataDir }: StandingAgent, writers: readonly EditWriter[]): string[] {
  const copy = stage.tempDir();
  cpSync(dataDir, copy, { recursive: true });
  const database = new DatabaseSync(join(copy, 'octoporty.sqlite'));
  try {
    const faults: string[] = [];
    const verdicts = z
      .array(z.object({ integrity_check: z.string() }))
      .parse(database.prepare('PRAGMA integrity_check').all())
      .map(({ integrity_check: verdict }) => verdict);
    if (verdicts.join() !== 'ok') faults.push(`integrity_check: ${verdicts.join('; ')}`);
    if (database.prepare('PRAGMA foreign_key_check').all().length > 0)
      faults.push('foreign_key_check failed');
    const { revision } = z
      .object({ revision: z.number() })
      .parse(database.prepare('SELECT revision FROM config').get());
    const answered = sum(writers, (writer) => writer.answered);
    if (revision < answered) faults.push(`revision ${revision} after ${answered} answered edits`);
    return faults;
  } finally {
    database.close();
    rmSync(copy, { recursive: true });
  }
}

function sum(writers: readonly EditWriter[], of: (writer: EditWriter) => number): number {
  return writers.reduce((total, writer) => total + of(writer), 0);
}
