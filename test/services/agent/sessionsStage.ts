// Logins in tests: a data folder that vanishes, a clock that is set by hand, and a log that is kept.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createSessions, type Sessions, type SessionsOptions } from '../../../services/agent/sessions.ts';
import { systemRandom } from '../../../services/random.ts';
import { noteLog } from './api/apiStage.ts';

export const USERNAME = 'admin';
export const PASSWORD = 'correct horse battery staple';

/** Both kinds of time stand still until they are moved. */
export class StandingClock {
  private elapsedMs = 0;
  private startMs = Date.UTC(2026, 0, 31, 12, 0, 0, 123);

  nowMs(): number {
    return this.elapsedMs;
  }

  wallMs(): number {
    return this.startMs + this.elapsedMs;
  }

  pass(durationMs: number): void {
    this.elapsedMs += durationMs;
  }

  /** As a person or a time server does: durations stay what they were. */
  putBack(durationMs: number): void {
    this.startMs -= durationMs;
  }
}

export function sessionsStage() {
  const dataDir = mkdtempSync(join(tmpdir(), 'octoporty-sessions-'));
  const clock = new StandingClock();
  const { log, logged } = noteLog();
  const started: Sessions[] = [];
  onTestFinished(async () => {
    await Promise.all(started.map((sessions) => sessions.stop()));
    rmSync(dataDir, { recursive: true, force: true });
  });
  /** The agent starts; again, as after a kill, when it ran already. */
  function start(changes: Partial<SessionsOptions> = {}): Sessions {
    const sessions = createSessions({
      dataDir,
      username: USERNAME,
      password: PASSWORD,
      clock,
      random: systemRandom,
      log,
      ...changes,
    });
    started.push(sessions);
    return sessions;
  }
  return { dataDir, path: join(dataDir, 'sessions.json'), clock, log, logged, start };
}
