// Short versions of the proofs of what an agent remembers (`npm run memory`), each a command of its own on real processes.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { prove } from '../support/prove.ts';

const PROOFS = fileURLToPath(new URL('../bench/memory.ts', import.meta.url));

test.concurrent(
  'an agent that is killed at any moment has everything it answered as done',
  { timeout: 30_000 },
  async (context) => {
    const { code, output } = await prove(context, PROOFS, 'killed', '--rounds', '3');
    expect(code, output).toBe(0);
    expect(output).toContain('0 answered edits lost');
  },
);

test.concurrent(
  'while its tunnel flaps, no edited mapping is served by an older target than was acked',
  { timeout: 30_000 },
  async (context) => {
    const { code, output } = await prove(context, PROOFS, 'flapping', '--rounds', '2', '--edits', '50');
    expect(code, output).toBe(0);
    expect(output).toContain('the newest target answers');
  },
);

// Longer than an edit waits for another process's transaction: only then is it refused.
test.concurrent(
  'while its database is stopped, requests go on and edits are refused, until all is well by itself',
  { timeout: 30_000 },
  async (context) => {
    const { code, output } = await prove(context, PROOFS, 'stopped', '--seconds', '6');
    expect(code, output).toBe(0);
    expect(output).toContain('in the end /health says ok');
  },
);
