// Short versions of the proofs of what a Caddy in front means (`npm run caddy`), each a command of its own on real processes.

import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { caddies, testWithCaddy } from '../support/caddy.ts';
import { testWith } from '../support/programs.ts';
import { prove } from '../support/prove.ts';

const PROOFS = fileURLToPath(new URL('../bench/caddy.ts', import.meta.url));
const TIMEOUT_MS = 60_000;

testWithCaddy(
  'what runs for long is unharmed while 100 mappings are edited, the tunnel itself too',
  { timeout: TIMEOUT_MS },
  async (context) => {
    const { code, output } = await prove(context, PROOFS, 'streams', '--megabytes', '10');
    expect(code, output).toBe(0);
    expect(output).toContain('the upload arrived as it was sent');
  },
);

testWithCaddy(
  'a Caddy that is killed under load serves within five seconds of its return',
  { timeout: TIMEOUT_MS },
  async (context) => {
    const { code, output } = await prove(context, PROOFS, 'kills', '--rounds', '2');
    expect(code, output).toBe(0);
    expect(output).toContain('served after the return of its admin API: 2 times');
  },
);

const testWithCaddyAndWrk = caddies.length === 0 ? testWithCaddy : testWith('wrk');

testWithCaddyAndWrk(
  'edits cost visitors of HTTP/2 nothing, and those that change no public name nobody anything',
  { timeout: TIMEOUT_MS },
  async (context) => {
    const { code, output } = await prove(context, PROOFS, 'edits', '--edits', '6', '--seconds', '1');
    expect(code, output).toBe(0);
    expect(output).toContain('edits that change no public name, 0 writes to Caddy');
  },
);
