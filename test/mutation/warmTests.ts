// Owns one warm vitest, run as a child: it answers whether given test files pass, and keeps its modules in between.

import { join } from 'node:path';
import { createVitest } from 'vitest/node';
import type { TestAnswer, TestOrder } from './testBench.ts';

/** A test that waits for what never comes ends after this. Raised: such mutants take longer to kill. */
const TEST_TIMEOUT_MS = 5_000;

const root = process.argv[2] ?? process.cwd();

// We lead a process group: a worker that hangs in a loop ends with us.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));

/** The file that was changed before is back to what it was: its last form must not be kept. */
let lastChanged: string | undefined;

const vitest = await createVitest({
  root,
  config: join(root, 'test/vitest.config.ts'),
  watch: false,
  bail: 1,
  isolate: false,
  fileParallelism: false,
  maxWorkers: 1,
  testTimeout: TEST_TIMEOUT_MS,
  cache: false,
  silent: true,
  reporters: [{}],
});

process.on('message', (order: TestOrder) => {
  void run(order).then((answer) => process.send?.(answer));
});
process.send?.({ failures: [] } satisfies TestAnswer);

async function run({ changed, files }: TestOrder): Promise<TestAnswer> {
  if (lastChanged !== undefined) vitest.invalidateFile(join(root, lastChanged));
  vitest.invalidateFile(join(root, changed));
  lastChanged = changed;
  vitest.state.clearErrors();
  const project = vitest.getRootProject();
  const wanted = new Set(files.map((file) => join(root, file)));
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(
    [...wanted].map((file) => project.createSpecification(file)),
  );
  const failed = testModules.filter((module) => wanted.has(module.moduleId) && !module.ok());
  const failures = failed.map((module) => {
    const [test] = module.children.allTests('failed');
    return test?.fullName ?? module.errors()[0]?.message ?? module.moduleId;
  });
  return { failures: [...failures, ...unhandledErrors.map(String)] };
}
