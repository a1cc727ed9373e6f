// A target that is tried from the agent's place, with resolvers, origins and a clock of the test's own.

import { onTestFinished } from 'vitest';
import { targetDraftSchema } from '../../../protocol/api/targetTest.ts';
import { systemClock } from '../../../services/clock.ts';
import type { TargetTestOptions } from '../../../services/agent/targetTest.ts';
import { openRawOrigin, type RawOrigin, type RawOriginOptions } from '../../support/rawOrigin.ts';

export const CONNECT_TIMEOUT_MS = 4_000;
export const ANSWER = 'HTTP/1.1 204 Fine\r\n\r\n';

export function draftOf(draft: object) {
  return targetDraftSchema.parse({
    internalHost: '127.0.0.1',
    internalPort: 80,
    internalProtocol: 'http',
    ...draft,
  });
}

export function optionsOf(options: Partial<TargetTestOptions>): TargetTestOptions {
  return {
    allowedTargets: [],
    ownPorts: () => [],
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    clock: systemClock,
    ...options,
  };
}

export async function originThat(
  behave: NonNullable<RawOriginOptions['behave']>,
  options: RawOriginOptions = {},
): Promise<RawOrigin> {
  const origin = await openRawOrigin({ ...options, behave });
  onTestFinished(() => origin.close());
  return origin;
}
