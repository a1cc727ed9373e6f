// Runs the proofs a command asks for, one after the other: each has a stage of its own, and none outlives it.

import { Argument, Command } from 'commander';
import { wholeFrom } from '../support/wholeOption.ts';
import { Stage } from './stage.ts';
import { check, isAllWell } from './verdict.ts';

export type Proof = (stage: Stage, options: Record<string, number>) => Promise<void>;

/** No proof takes longer: one that hangs fails instead. */
const LONGEST_MS = 20 * 60_000;

/** What may be typed besides the names of proofs, each with what it means. */
export interface ProofOptions {
  /** Handed to the proofs when they are given. */
  readonly numbers?: Readonly<Record<string, string>>;
  /** Read by whoever knows them. */
  readonly flags?: Readonly<Record<string, string>>;
}

/** Those named on the command line, or all. Ends the process: 0 when every claim held. */
export async function runProofs(
  proofs: Readonly<Record<string, Proof>>,
  { numbers = {}, flags = {} }: ProofOptions,
): Promise<never> {
  const command = new Command().addArgument(
    new Argument('[proofs...]', 'those to run, or all').choices(Object.keys(proofs)),
  );
  for (const [name, means] of Object.entries(numbers))
    command.option(`--${name} <number>`, means, wholeFrom(1));
  for (const [name, means] of Object.entries(flags)) command.option(`--${name}`, means);
  command.parse();
  const asked = command.args;
  const options = numbersOf(command.opts());

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
    if (asked.length > 0 && !asked.includes(name)) continue;
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

/** Without the flags among them. */
function numbersOf(options: Readonly<Record<string, unknown>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(options).filter((option): option is [string, number] => typeof option[1] === 'number'),
  );
}
