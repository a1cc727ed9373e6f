// A terminal of a document's reader: block after block in one bash, which remembers folder and variables.

import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { until } from '../support/rig.ts';
import type { Command } from './markdown.ts';

/** A block that ends by itself: the slowest builds the dashboard. */
const BLOCK_MS = 90_000;

/** Behind the output of a block that ended well. */
const DONE = '= done =\n';

export interface ShellOptions {
  /** Starts bash where the reader is, in the folder that is meant. */
  readonly bash: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Where its scripts and outputs begin: a folder, and a name of its own in it. */
  readonly scratch: string;
}

export class Shell {
  private readonly options: ShellOptions;
  private readonly bash: ChildProcess;
  private blocks = 0;

  constructor(options: ShellOptions) {
    this.options = options;
    const { bash, env } = options;
    const [program = 'bash', ...args] = bash;
    this.bash = spawn(program, args, { env, stdio: ['pipe', 'ignore', 'inherit'] });
  }

  /** Resolves when the block has ended well, or stays and says what it should. Throws with its output. */
  async run({ code, until: sign, shows }: Command): Promise<void> {
    this.blocks += 1;
    const base = `${this.options.scratch}-${this.blocks}`;
    const output = () => readFileSync(`${base}.out`, 'utf8');
    writeFileSync(`${base}.sh`, `set -eu -o pipefail\n${code}\n`);
    writeFileSync(`${base}.out`, '');
    const end = `printf '${DONE.replace('\n', String.raw`\n`)}'`;
    // One that stays leaves the terminal to the next block, and ends of Ctrl-C before another one stays; the others change
    // the terminal for the next.
    this.bash.stdin?.write(
      sign === null
        ? `{ source '${base}.sh'; ${end}; } >>'${base}.out' 2>&1\n`
        : `[ -z "\${stays:-}" ] || { kill -INT -- "-$stays"; wait "$stays"; }
           setsid bash -c "bash '${base}.sh' || true; ${end}" >>'${base}.out' 2>&1 & stays=$!\n`,
    );
    const isOver = () => this.bash.exitCode !== null || output().endsWith(DONE);
    const isWell = () => output().includes(sign ?? DONE);
    await until('the block is done', () => isOver() || isWell(), BLOCK_MS).catch((error: unknown) => {
      throw new Error(`${code}\n${String(error)}\n${output()}`);
    });
    if (!isWell()) throw new Error(`${code}\nfailed:\n${output()}`);
    if (shows !== null && !output().includes(shows)) {
      throw new Error(`${code}\ndoes not show "${shows}":\n${output()}`);
    }
  }
}
