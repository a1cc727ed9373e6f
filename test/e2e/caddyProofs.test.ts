// Short versions of the proofs of what a Caddy in front means (`npm run caddy`), each a command of its own on real processes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { hasWrk } from '../bench/wrk.ts';
import { caddies, testWithCaddy } from '../support/caddy.ts';

const PROOFS = fileURLToPath(new URL('../bench/caddy.ts', import.meta.url));
const TIMEOUT_MS = 60_000;

if (caddies.length === 0)
  testWithCaddy('long streams run through Caddy unharmed while mappings are edited', () => {});

test.skipIf(caddies.length === 0)(
  'what runs for long is unharmed while 100 mappings are edited, the tunnel itself too',
  { timeout: TIMEOUT_MS },
  async () => {
    const { code, output } = await prove('streams', '--megabytes', '10');
    expect(code, output).toBe(0);
    expect(output).toContain('the upload arrived as it was sent');
  },
);

testWithCaddy(
  'a Caddy that is killed under load serves within five seconds of its return',
  { timeout: TIMEOUT_MS },
  async () => {
    const { code, output } = await prove('kills', '--rounds', '2');
    expect(code, output).toBe(0);
    expect(output).toContain('served after the return of its admin API: 2 times');
  },
);

test.skipIf(caddies.length === 0 || !hasWrk())(
  'edits cost visitors of HTTP/2 nothing, and those that change no public name nobody anything',
  { timeout: TIMEOUT_MS },
  async () => {
    const { code, output } = await prove('edits', '--edits', '6', '--seconds', '1');
    expect(code, output).toBe(0);
    expect(output).toContain('edits that change no public name, 0 writes to Caddy');
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
