// Owns a copy of the tree in which one mutant at a time is tested; whatever hangs is killed and started anew.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apply, type Mutant } from './mutant.ts';
import type { TestStep } from './testSteps.ts';

export interface TestOrder {
  /** The file that is not what it was. */
  readonly changed: string;
  readonly files: readonly string[];
}

export interface TestAnswer {
  readonly failures: readonly string[];
}

const COPIED = ['protocol', 'machines', 'services', 'test', 'package.json', 'tsconfig.json'];

/** Tests that take this long hang. Lowered: on a busy computer a mutant counts as killed that no test has seen. */
const HANG_MS = 20_000;

/** Simulated worlds for a mutant that all tests let live. */
const WORLDS = '60';

export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export class TestBench {
  readonly root = mkdtempSync(join(tmpdir(), 'octoporty-mutation-'));
  private isRemoved = false;
  private child: ChildProcess | undefined;
  private simulation: ChildProcess | undefined;

  constructor() {
    for (const name of COPIED) cpSync(join(repository, name), join(this.root, name), { recursive: true });
    symlinkSync(join(repository, 'node_modules'), join(this.root, 'node_modules'));
  }

  /** The file as it is in the copy, which stays as it was when others edit the repository. */
  read(file: string): string {
    return readFileSync(join(this.root, file), 'utf8');
  }

  /** What saw the mutant, or undefined when it lives. */
  async killerOf(mutant: Mutant, steps: readonly TestStep[]): Promise<string | undefined> {
    const path = join(this.root, mutant.file);
    const source = this.read(mutant.file);
    writeFileSync(path, apply(mutant, source));
    try {
      for (const step of steps) {
        const killer = await this.failureOf(mutant.file, step);
        if (killer !== undefined) return killer;
      }
      return undefined;
    } finally {
      if (!this.isRemoved) writeFileSync(path, source);
    }
  }

  /** What fails in a step, or undefined. */
  async failureOf(changed: string, step: TestStep): Promise<string | undefined> {
    return step === 'simulation' ? this.simulate() : this.test(changed, step);
  }

  async remove(): Promise<void> {
    this.isRemoved = true;
    this.simulation?.kill('SIGKILL');
    await this.stop();
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  private async test(changed: string, files: readonly string[]): Promise<string | undefined> {
    this.child ??= await this.start();
    this.child.send({ changed, files } satisfies TestOrder);
    const answer = await answerOf(this.child);
    if (answer === undefined) {
      await this.stop();
      return 'hangs or dies';
    }
    return answer.failures[0];
  }

  private async start(): Promise<ChildProcess> {
    const script = fileURLToPath(new URL('warmTests.ts', import.meta.url));
    const child = spawn(process.execPath, [script, this.root], {
      cwd: this.root,
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, OCTOPORTY_LAUNCHER: '' },
    });
    this.child = child;
    if ((await answerOf(child)) === undefined) throw new Error('vitest does not start');
    return child;
  }

  private async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-child.pid, 'SIGKILL');
    await once(child, 'exit');
  }

  private async simulate(): Promise<string | undefined> {
    const child = spawn(
      process.execPath,
      [join(this.root, 'test/simulation/simulate.ts'), '--worlds', WORLDS],
      { stdio: 'ignore', timeout: 4 * HANG_MS, killSignal: 'SIGKILL' },
    );
    this.simulation = child;
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0 ? undefined : 'simulation';
  }
}

/** The next word of a child; undefined when it says nothing for too long or dies. */
function answerOf(child: ChildProcess): Promise<TestAnswer | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(undefined), HANG_MS);
    function settle(answer: TestAnswer | undefined): void {
      clearTimeout(timer);
      child.off('message', settle);
      child.off('exit', died);
      resolve(answer);
    }
    function died(): void {
      settle(undefined);
    }
    child.on('message', settle);
    child.on('exit', died);
  });
}
