// A proof of test/bench within a test: a process of its own, run to its end, and taken down with the test.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'vitest';

export interface Proof {
  /** 0: all that it checks is so. */
  readonly code: unknown;
  readonly output: string;
}

/**
 * @param onTestFinished of the test's own context: tests that run at the same time have one another's otherwise.
 * @param script the path of its command.
 */
export async function prove(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  script: string,
  ...args: readonly string[]
): Promise<Proof> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  // Asked to end, it takes everything down that it has put up.
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => (output += text));
  }
  const [code] = await closed;
  return { code, output };
}
