// Runs the proofs a command asks for, one after the other: each has a stage of its own, and none outlives it.

import { parseArgs } from 'node:util';
import { Stage } from './stage.ts';
import { check, isAllWell } from './verdict.ts';

export type Proof = (stage: Stage, options: Record<string, number>) => Promise<void>;

/** No proof takes longer: one that hangs fails instead. */
const LONGEST_MS = 20 * 60_000;

/**
 * Those named on the command line, or all. `optionNames` are the numbers that `--NAME` may give to them. Ends the process:
 * 0 when every claim held.
 */
export async function runProofs(
  proofs: Readonly<Record<string, Proof>>,
  optionNames: readonly string[],
  args: readonly string[] = process.argv.slice(2),
): Promise<never> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: Object.fromEntries(optionNames.map((name) => [name, { type: 'string' as const }])),
  });
  const options = Object.fromEntries(
    Object.entries(values).map(([name, text]) => [name, countOf(name, String(text))]),
  );
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
}

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
