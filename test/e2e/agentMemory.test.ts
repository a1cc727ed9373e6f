// Short versions of the proofs of what an agent remembers (`npm run memory`), each a command of its own on real processes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const PROOFS = fileURLToPath(new URL('../bench/memory.ts', import.meta.url));

test.concurrent(
  'an agent that is killed at any moment has everything it answered as done',
  { timeout: 30_000 },
  async () => {
    const { code, output } = await prove('killed', '--rounds', '3');
    expect(code, output).toBe(0);
    expect(output).toContain('0 answered edits lost');
  },
);

test.concurrent(
  'while its tunnel flaps, no edited mapping is served by an older target than was acked',
  { timeout: 30_000 },
  async () => {
    const { code, output } = await prove('flapping', '--rounds', '2', '--edits', '50');
    expect(code, output).toBe(0);
    expect(output).toContain('the newest target answers');
  },
);

// Longer than an edit waits for another process's transaction: only then is it refused.
test.concurrent(
  'while its database is stopped, requests go on and edits are refused, until all is well by itself',
  { timeout: 30_000 },
  async () => {
    const { code, output } = await prove('stopped', '--seconds', '6');
    expect(code, output).toBe(0);
    expect(output).toContain('in the end /health says ok');
  },
);

/** Runs one proof to its end. */
async function prove(...args: string[]): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, [PROOFS, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
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
