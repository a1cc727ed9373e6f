// Trying out a target: one request made as the relay makes it, told step by step, to what a mapping may reach and nothing else.

import { isIP, type Socket } from 'node:net';
import type { Clock } from '../../machines/clock.ts';
import type { TargetDraft, TargetStage, TargetTest } from '../../protocol/api/targetTest.ts';
import type { Resolver } from './originAddress.ts';
import type { OriginHandler, OriginRequest } from './originDispatcher.ts';
import { createHttpOrigin } from './httpOrigin.ts';
import { originRequestOf } from './originRequest.ts';
import { sentenceOfAnswer, sentenceOfFailure, type TargetFailure } from './targetSentences.ts';

export interface TargetTestOptions {
  /** As of the relay: what a mapping may not reach, a test may not either. */
  readonly allowedTargets: readonly string[];
  readonly ownPorts: () => readonly number[];
  /** For name, connection and TLS together, as the relay counts. */
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  /** Tests under way together; default MAX_TARGET_TESTS. */
  readonly maxTests?: number;
  /** Default: the system's. */
  readonly resolver?: Resolver;
}

/** Never rejects for what the target does. Rejects with TargetTestsBusyError. */
export type TestTarget = (draft: TargetDraft) => Promise<TargetTest>;

/** Raised: names that hang occupy all four threads of the system's resolver, and the relay's own names wait behind them. */
export const MAX_TARGET_TESTS = 3;

/** How long a connected service may take to begin its answer. Raised: whoever asked waits longer for a service that hangs. */
export const ANSWER_TIMEOUT_MS = 10_000;

const USER_AGENT = 'octoporty-test';

/** As many tests are under way as may be. */
export class TargetTestsBusyError extends Error {
  override readonly name = 'TargetTestsBusyError';

  constructor() {
    super('Other targets are being tested right now: try again in a moment.');
  }
}

export function createTargetTest(options: TargetTestOptions): TestTarget {
  const { maxTests = MAX_TARGET_TESTS } = options;
  let underWay = 0;
  return async (draft) => {
    if (underWay >= maxTests) throw new TargetTestsBusyError();
    underWay += 1;
    try {
      return await tryOut(draft, options);
    } finally {
      underWay -= 1;
    }
  };
}

function tryOut(draft: TargetDraft, options: TargetTestOptions): Promise<TargetTest> {
  const { clock, connectTimeoutMs } = options;
  const startMs = clock.nowMs();
  const request = requestFor(draft);
  const steps = new Steps(request);
  // Connections of its own: a test meets what a new visitor would meet, and leaves nothing behind.
  const origins = createHttpOrigin({ ...options, log: silent, onSocket: (socket) => steps.watch(socket) });

  return new Promise((resolve) => {
    const end = (result: Pick<TargetTest, 'ok' | 'status' | 'message'>) => {
      cancelTimer();
      exchange.abort();
      origins.close();
      resolve({ ...result, stage: steps.stage, durationMs: Math.max(0, clock.nowMs() - startMs) });
    };
    const fail = (failure: Pick<TargetFailure, 'code' | 'detail'>) => {
      const { stage, error } = steps;
      end({
        ok: false,
        message: sentenceOfFailure({ ...failure, stage, error, target: request.target }),
      });
    };
    const failLate = () => fail({ code: 'connect_timeout', detail: 'the deadline of the test' });
    let cancelTimer = clock.setTimer(connectTimeoutMs, failLate);
    const exchange = origins.dispatch(request, {
      ...indifferent,
      onConnected: () => {
        cancelTimer();
        cancelTimer = clock.setTimer(ANSWER_TIMEOUT_MS, failLate);
      },
      onHead: ({ status }) => {
        end({ ok: true, status, message: sentenceOfAnswer(request.target, status) });
      },
      onFailed: (code, detail) => fail({ code, detail }),
    });
  });
}

/** Made by the relay's own rules, so that Host and TLS name cannot be others than a visitor's request would bring. */
function requestFor(draft: TargetDraft): OriginRequest {
  const head = {
    method: 'GET',
    target: '/',
    headers: ['Host', draft.externalDomain ?? draft.internalHost, 'User-Agent', USER_AGENT],
    hasBody: false,
    isUpgrade: false,
    expectsContinue: false,
  };
  return originRequestOf(head, draft, true);
}

/** How far the connection has come, and what broke it. */
class Steps {
  stage: TargetStage;
  error: unknown;
  private readonly isSecure: boolean;

  constructor({ target }: OriginRequest) {
    this.stage = isIP(target.host) === 0 ? 'dns' : 'connect';
    this.isSecure = target.protocol === 'https';
  }

  watch(socket: Socket): void {
    socket.on('lookup', (error: Error | null) => {
      if (error === null) this.stage = 'connect';
    });
    socket.once('connect', () => (this.stage = this.isSecure ? 'tls' : 'http'));
    socket.once('secureConnect', () => (this.stage = 'http'));
    // First of all listeners: the others end the test.
    socket.prependOnceListener('error', (error) => (this.error = error));
  }
}

const silent = { debug: () => {} };

/** The answer is no business of a test beyond its status. */
const indifferent: Omit<OriginHandler, 'onConnected' | 'onHead' | 'onFailed'> = {
  onContinue: () => {},
  onInform: () => {},
  onData: () => {},
  onEnd: () => {},
  onDrain: () => {},
};
