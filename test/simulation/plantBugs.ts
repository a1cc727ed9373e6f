// `npm run plant-bugs`: proves that the simulation sees, by planting bugs in a copy of the product, one at a time.

import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUGS, plant, type Bug } from './bugs.ts';

/** A bug that needs more worlds than this is not caught. */
const WORLDS = 1_000;

const COPIED = ['protocol', 'machines', 'services', 'test', 'package.json', 'tsconfig.json'];

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const copy = await mkdtemp(join(tmpdir(), 'octoporty-bugs-'));
try {
  process.exitCode = await main();
} finally {
  await rm(copy, { recursive: true, force: true });
}

async function main(): Promise<number> {
  for (const name of COPIED) await cp(join(repository, name), join(copy, name), { recursive: true });
  await symlink(join(repository, 'node_modules'), join(copy, 'node_modules'));
  const clean = await simulate();
  console.log(row('none', clean.isBroken ? 'BROKEN' : 'passes', clean.worlds, clean.invariant));
  let isGood = !clean.isBroken;
  for (const bug of BUGS) {
    const { isBroken, worlds, invariant } = await withBug(bug, simulate);
    console.log(row(bug.name, isBroken ? 'caught' : 'NOT CAUGHT', worlds, invariant));
    isGood &&= isBroken && invariant !== '';
  }
  return isGood ? 0 : 1;
}

async function withBug<T>(bug: Bug, act: () => Promise<T>): Promise<T> {
  const path = join(copy, bug.file);
  const source = await readFile(path, 'utf8');
  await writeFile(path, plant(bug, source));
  try {
    return await act();
  } finally {
    await writeFile(path, source);
  }
}

async function simulate(): Promise<{ isBroken: boolean; worlds: string; invariant: string }> {
  const script = join(copy, 'test/simulation/simulate.ts');
  const child = spawn(process.execPath, [script, '--worlds', String(WORLDS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return {
    isBroken: code !== 0,
    worlds: /^(\d+) worlds,/m.exec(output)?.[1] ?? '?',
    invariant: /^BROKEN (\w+)/m.exec(output)?.[1] ?? '',
  };
}

function row(bug: string, verdict: string, worlds: string, invariant: string): string {
  return `${bug.padEnd(26)} ${verdict.padEnd(11)} ${worlds.padStart(5)} worlds  ${invariant}`;
}
