// The steps of a target test: as far as it came, and no further.

import { expect, test } from 'vitest';
import type { TargetTest } from '../../protocol/api/targetTest.ts';
import { targetSteps } from '../../ui/pages/mapping/targetSteps.ts';

const NAME = { internalHost: 'nas.local', internalProtocol: 'http' } as const;
const SECURE = { internalHost: 'nas.local', internalProtocol: 'https' } as const;
const ADDRESS = { internalHost: '10.0.0.5', internalProtocol: 'http' } as const;

function result(change: Partial<TargetTest>): TargetTest {
  return { ok: false, stage: 'dns', durationMs: 12, message: 'It says so.', ...change };
}

test.each([
  ['while it runs', NAME, null, 'busy busy busy'],
  ['at an address while it runs', ADDRESS, null, 'skipped busy busy'],
  ['of a name that is none', NAME, result({ stage: 'dns' }), 'failed skipped skipped'],
  ['of a port that is closed', NAME, result({ stage: 'connect' }), 'done failed skipped'],
  ['of an address whose port is closed', ADDRESS, result({ stage: 'connect' }), 'skipped failed skipped'],
  ['of a wrong certificate', SECURE, result({ stage: 'tls' }), 'done done failed skipped'],
  ['of a service that is silent', NAME, result({ stage: 'http' }), 'done done failed'],
  ['that went well', SECURE, result({ ok: true, stage: 'http', status: 200 }), 'done done done done'],
])('a test %s', (_title, target, test, states) => {
  expect(
    targetSteps(target, test)
      .map(({ state }) => state)
      .join(' '),
  ).toBe(states);
});

test('the step that failed says why, and the others that they were not tried', () => {
  const steps = targetSteps(NAME, result({ stage: 'connect', message: 'nas.local port 80 refused.' }));
  expect(steps.map(({ says }) => says)).toEqual(['', 'nas.local port 80 refused.', 'Not tried.']);
});
