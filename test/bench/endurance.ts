// The tunnel's endurance, proven on real processes (`npm run endurance -- half-open|kills|restarts|agents|lifetime|suspend`).

import { parseArgs } from 'node:util';
import { agents } from './agents.ts';
import { halfOpen } from './halfOpen.ts';
import { kills } from './kills.ts';
import { lifetime } from './lifetime.ts';
import { restarts } from './restarts.ts';
import { Stage } from './stage.ts';
import { suspend } from './suspend.ts';
import { check, isAllWell } from './verdict.ts';

/** No proof takes longer: one that hangs fails instead. */
const LONGEST_MS = 20 * 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** half-open, kills, restarts: how often. */
    rounds: { type: 'string' },
    /** half-open: how long the network is away. suspend: how long a process is stopped. */
    seconds: { type: 'string' },
    /** restarts: requests a second, and the public names they are spread over. */
    rate: { type: 'string' },
    names: { type: 'string' },
  },
});
const options = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, countOf(name, text)]));

const proofs: Record<string, (stage: Stage, options: Record<string, number>) => Promise<void>> = {
  'half-open': halfOpen,
  kills,
  restarts,
  agents,
  lifetime,
  suspend,
};
const unknown = positionals.filter((name) => !Object.hasOwn(proofs, name));
if (unknown.length > 0) {
  console.error(`Unknown proof "${unknown.join(' ')}". There are: ${Object.keys(proofs).join(', ')}.`);
  process.exit(1);
}

let stage = new Stage();
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    console.log(`${signal}: everything is taken down`);
    interrupted.abort();
    void stage.end().then(() => process.exit(130));
  });
}

for (const [name, prove] of Object.entries(proofs)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  console.log(`— ${name}`);
  stage = new Stage();
  const overdue = new AbortController();
  try {
    await Promise.race([prove(stage, options), late(overdue.signal)]);
  } catch (error) {
    if (!interrupted.signal.aborted) check(error instanceof Error ? error.message : String(error), false);
  } finally {
    overdue.abort();
    await stage.end();
  }
  // Whoever interrupted ends the process, once all is down.
  if (interrupted.signal.aborted) await new Promise(() => {});
}
process.exit(isAllWell() ? 0 : 1);

function late(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`not done within ${LONGEST_MS / 60_000} minutes`));
    }, LONGEST_MS);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
    });
  });
}

function countOf(name: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  console.error(`--${name} must be a whole number above zero, not "${text}".`);
  process.exit(1);
}
