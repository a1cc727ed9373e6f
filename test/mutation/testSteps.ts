// Owns which tests can see a change of a file, the quickest first.

import { basename, dirname } from 'node:path';

export type TestStep = readonly string[] | 'simulation';

/** They take seconds: only a mutant that all others let live comes to them. */
const SLOW = /\/(fuzz|flow|tunnel|connectionProperties|relayProperties)\.test\.ts$/;

/** Files without a test of their name. */
const TESTED_BY: Record<string, RegExp> = {
  'machines/clock.ts': /machines\/support/,
  'machines/random.ts': /machines\/support/,
  'protocol/limits.ts': /protocol\/spec/,
  'protocol/head.ts': /protocol\/frame/,
  'protocol/hostName.ts': /protocol\/mapping/,
  'protocol/payload.ts': /protocol\/frame/,
  'protocol/stream.ts': /protocol\/channel/,
  'protocol/streams.ts': /protocol\/channel/,
  'protocol/peerFrames.ts': /protocol\/channel/,
  'protocol/tokens.ts': /services\/tokens|protocol\/spec/,
};

/** The steps of tests for a changed file; `tests` are all test files, relative to the repository. */
export function testSteps(file: string, tests: readonly string[]): TestStep[] {
  const folder = `test/${dirname(file)}/`;
  const own = TESTED_BY[file] ?? new RegExp(`^${folder}${basename(file, '.ts')}[A-Z.]`);
  const near = tests.filter((test) => own.test(test) && !SLOW.test(test));
  const others = tests.filter((test) => test.startsWith(folder) && !near.includes(test));
  const steps = [near, others.filter((test) => !SLOW.test(test)), others.filter((test) => SLOW.test(test))];
  return [...steps.filter((step) => step.length > 0), 'simulation'];
}

export function isSlow(step: TestStep): boolean {
  return step === 'simulation' || step.some((test) => SLOW.test(test));
}
