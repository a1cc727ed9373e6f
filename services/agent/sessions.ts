// Who is logged in to the agent: tokens that expire, can be revoked, and survive a restart.

import { createHmac } from 'node:crypto';
import type { Clock } from '../../machines/clock.ts';
import { randomText, type Random } from '../../machines/random.ts';
import type { Log } from '../log.ts';
import { createSessionFile, type KeptSession } from './sessionFile.ts';

export interface SessionsOptions {
  /** Logins are kept in a file here, not in the database: one must be able to log in while the database is down. */
  readonly dataDir: string;
  readonly username: string;
  readonly password: string;
  readonly clock: Pick<Clock, 'nowMs' | 'wallMs'>;
  readonly random: Random;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

export interface Session {
  /** Names it here and in the file; it lets nobody in. */
  readonly digest: string;
  readonly username: string;
  readonly createdMs: number;
  /** Wall time; it moves on with every use. */
  readonly expiresMs: number;
}

export interface Sessions {
  /** Begins a session. Resolves when it is kept, as far as the disk allows. */
  open(): Promise<{ readonly token: string; readonly session: Session }>;
  /** The session of the token; undefined when it is unknown, revoked or expired. */
  find(token: string): Session | undefined;
  /** The same session, idle from now on. */
  use(session: Session): Session;
  /** Ends it. Resolves when that is kept, so that no restart brings it back. */
  revoke(session: Session): Promise<void>;
  /** Writes what has not been written. */
  stop(): Promise<void>;
}

/** Nobody guesses that many bits. */
const TOKEN_BYTES = 32;

/** Unused for this long, a session is over. Raised: a machine left behind stays open longer. */
export const IDLE_MS = 12 * 60 * 60 * 1000;

/** Over after this long, however much it is used. Raised: a stolen token is good for longer. */
export const MAX_LIFE_MS = 30 * 24 * 60 * 60 * 1000;

/** Beyond it the longest unused goes: programs that log in at every run never log out. Raised: the file grows, written whole each time. */
export const MAX_SESSIONS = 200;

/** Mere use is written this seldom, or at the end. Raised: after a crash sessions expire earlier by as much. */
export const SAVE_EVERY_MS = 60_000;

export function createSessions({
  dataDir,
  username,
  password,
  clock,
  random,
  log,
}: SessionsOptions): Sessions {
  /** By digest, the longest unused first. */
  const kept = new Map<string, KeptSession>();
  const file = createSessionFile(dataDir, () => [...kept.values()], log);
  let savedMs = clock.nowMs();
  let isChanged = false;
  let lastSave = Promise.resolve();

  /**
   * The token is its key, so it is not to be had from the digest, nor is the password. With another password every
   * digest is another one: no token is known any more.
   */
  function digestOf(token: string): string {
    return createHmac('sha256', token)
      .update(JSON.stringify([username, password]))
      .digest('base64url');
  }

  function keep(session: KeptSession): void {
    kept.delete(session.digest);
    kept.set(session.digest, session);
    const [longestUnused] = kept.keys();
    if (kept.size > MAX_SESSIONS && longestUnused !== undefined) kept.delete(longestUnused);
  }

  function viewOf({ digest, createdMs, usedMs }: KeptSession): Session {
    return { digest, username, createdMs, expiresMs: expiryOf(createdMs, usedMs) };
  }

  function save(): Promise<void> {
    forgetExpired();
    savedMs = clock.nowMs();
    isChanged = false;
    lastSave = file.save();
    return lastSave;
  }

  function forgetExpired(): void {
    const nowMs = clock.wallMs();
    for (const [digest, session] of kept) if (isExpired(session, nowMs)) kept.delete(digest);
  }

  for (const session of file.read()) keep(notAfter(session, clock.wallMs()));

  return {
    async open() {
      const token = randomText(random, TOKEN_BYTES);
      const nowMs = clock.wallMs();
      const session = { digest: digestOf(token), createdMs: nowMs, usedMs: nowMs };
      keep(session);
      await save();
      return { token, session: viewOf(session) };
    },
    find(token) {
      const session = kept.get(digestOf(token));
      return session === undefined || isExpired(session, clock.wallMs()) ? undefined : viewOf(session);
    },
    use(session) {
      const { digest, createdMs } = session;
      // Ended meanwhile: it must not come back.
      if (!kept.has(digest)) return session;
      const nowMs = clock.wallMs();
      const used = notAfter({ digest, createdMs, usedMs: nowMs }, nowMs);
      keep(used);
      isChanged = true;
      // Nobody waits for it, and it never rejects.
      if (clock.nowMs() - savedMs >= SAVE_EVERY_MS) void save();
      return viewOf(used);
    },
    async revoke({ digest }) {
      kept.delete(digest);
      await save();
    },
    async stop() {
      if (isChanged) void save();
      await lastSave;
    },
  };
}

function expiryOf(createdMs: number, usedMs: number): number {
  return Math.min(usedMs + IDLE_MS, createdMs + MAX_LIFE_MS);
}

function isExpired({ createdMs, usedMs }: KeptSession, nowMs: number): boolean {
  return nowMs >= expiryOf(createdMs, usedMs);
}

/** A clock that was put back must not lengthen anybody's life by as much. */
function notAfter({ digest, createdMs, usedMs }: KeptSession, nowMs: number): KeptSession {
  return { digest, createdMs: Math.min(createdMs, nowMs), usedMs: Math.min(usedMs, nowMs) };
}
