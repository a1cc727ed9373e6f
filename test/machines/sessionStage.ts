// Owns the stage of the gateway's session: an agent played by hand, a directory that answers on demand.

import { expect } from 'vitest';
import type { InspectionEvent } from 'xstate';
import { RENEW_AFTER_MS, SESSION_LIFETIME_MS, sessionMachine } from '../../machines/session.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import type { WireMapping } from '../../protocol/mapping.ts';
import { SeededRandom } from '../simulation/seededRandom.ts';
import { SimulatedClock } from '../simulation/simulatedClock.ts';
import { arrived } from './arrived.ts';
import { FakeTokens } from './fakeTokens.ts';
import { PlayedDirectory } from './playedDirectory.ts';
import { RecordingLink, type LinkCall } from './recordingLink.ts';
import { stage } from './stage.ts';

export const SECRET = 'shared';
export const SESSION_ID = 11;
export const DRAIN_MS = 5_000;
export const MINUTE_MS = 60_000;
export const identity = {
  agentId: 'a3bb189e-8bf9-4c3b-9f6c-1b1f0a6f4c01',
  epoch: 'boot',
  slot: 2,
  attempt: 7,
};
export const mapping: WireMapping = {
  id: '0b4e0f0a-7d0f-4c59-9d3a-3f1a5f1d2c01',
  externalDomain: 'app.example.com',
  externalPort: 443,
};

export const goaway = arrived({ type: 'goaway', reason: 'stopped', lastStreamId: 0, retryAfterMs: 0 });

/** The transitions that session.test.ts takes; what no pattern names, sessionOnline.test.ts does. */
export const OF_HANDSHAKE = /^session(\.handshaking| retire)/;
/** Those that sessionLeaving.test.ts takes. */
export const OF_LEAVING = /^session\.online(\.(left|draining)| (retire|replace|control\.goaway))/;

export type SessionStage = ReturnType<typeof opened>;

export interface SessionTerms {
  refusalDelayMs?: number;
}

/** A wire that just came up. */
export function opened(inspect: (event: InspectionEvent) => void, { refusalDelayMs = 0 }: SessionTerms = {}) {
  const clock = new SimulatedClock();
  const link = new RecordingLink(() => clock.nowMs());
  const directory = new PlayedDirectory();
  const { actor } = stage(
    sessionMachine,
    {
      sessionId: SESSION_ID,
      link,
      tokens: new FakeTokens(SECRET, (answer) => clock.post(answer)),
      random: new SeededRandom(1),
      wallMs: () => clock.wallMs(),
      version: '9.9',
      gatewayHost: 'gw.example.com',
      lifetimeMs: SESSION_LIFETIME_MS,
      renewAfterMs: RENEW_AFTER_MS,
      drainMs: DRAIN_MS,
      refusalDelayMs,
      directory,
    },
    inspect,
    clock,
  );
  return {
    clock,
    link,
    directory,
    actor,
    isIn: (...states: Parameters<ReturnType<typeof actor.getSnapshot>['matches']>) =>
      actor.getSnapshot().matches(...states),
    context: () => actor.getSnapshot().context,
    /** Signs the nonce of the last hello or challenge, as an agent would. */
    auth: (secret = SECRET, claimed: object = identity) => {
      const question = link
        .sent()
        .findLast((message) => message.type === 'hello' || message.type === 'challenge');
      const gatewayNonce = question?.nonce ?? '';
      const nonce = 'agentagentagentagent12';
      const claims = { ...claimed, gatewayNonce, agentNonce: nonce };
      const token = JSON.stringify({ secret, purpose: 'agent', wallMs: clock.wallMs(), claims });
      actor.send(arrived({ type: 'auth', version: '1.2.3', nonce, token }));
      clock.settle();
    },
    sync: (revision: number, mappings = [mapping]) =>
      actor.send(arrived({ type: 'config_sync', revision, mappings })),
    /** Time passes with a byte now and then: the agent lives. */
    live: (ms: number) => {
      const untilMs = clock.nowMs() + ms;
      while (clock.nowMs() < untilMs) {
        link.received += 1;
        clock.runUntil(Math.min(untilMs, clock.nowMs() + 1_000));
      }
    },
  };
}

/** A session whose agent has proven itself, before its first mappings. */
export function admitted(inspect: (event: InspectionEvent) => void): SessionStage {
  const made = opened(inspect);
  made.auth();
  made.link.calls();
  return made;
}

/** A session in force, with what led to it forgotten. */
export function online(inspect: (event: InspectionEvent) => void): SessionStage {
  const made = opened(inspect);
  made.auth();
  made.sync(1);
  made.directory.applied();
  made.link.calls();
  made.directory.calls();
  return made;
}

/** The wire was ended like this and for this reason, new streams were stopped, and nothing is left. */
export function expectEnd(
  { link, directory, actor, clock }: SessionStage,
  code: ErrorCode,
  how: 'close' | 'terminate' | 'gone' | 'refused' = 'close',
  detail = '',
): void {
  const last: Record<typeof how, LinkCall[]> = {
    close: [{ do: 'close', code, detail }],
    refused: [{ do: 'close', code, detail }],
    terminate: [{ do: 'terminate', code }],
    gone: [],
  };
  expect(link.calls().filter((call) => call.do === 'close' || call.do === 'terminate')).toEqual(last[how]);
  expect(directory.calls()).toEqual([
    ...(how === 'refused' ? [{ do: 'punish', sessionId: SESSION_ID, code }] : []),
    { do: 'withdraw', sessionId: SESSION_ID, code },
  ]);
  expect(actor.getSnapshot().status).toBe('done');
  expect(clock.pending).toBe(0);
}
