// Owns `npm run check`: types, lint, format and import direction, all at once, one line each; or those that are named.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folders = ['services', 'machines', 'protocol', 'ui', 'deploy', 'test'].filter((folder) =>
  existsSync(join(repository, folder)),
);

/** Each step: its name, the tool's script under node_modules and the arguments. */
const STEPS = [
  ['types', 'typescript/bin/tsc', ['--noEmit', '--pretty', 'false']],
  ['ui', 'vue-tsc/bin/vue-tsc.js', ['--noEmit', '--pretty', 'false', '--project', 'ui']],
  [
    'lint',
    'eslint/bin/eslint.js',
    [
      '--config',
      'test/check/eslint.config.js',
      '--max-warnings',
      '0',
      '--no-error-on-unmatched-pattern',
      ...folders,
    ],
  ],
  ['format', 'oxfmt/bin/oxfmt', ['--check', '.']],
  [
    'imports',
    'dependency-cruiser/bin/dependency-cruiser.mjs',
    ['--config', 'test/check/imports.cjs', ...folders],
  ],
];

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const child of running) child.kill(signal);
    process.kill(process.pid, signal);
  });
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !STEPS.some(([known]) => known === name));
if (unknown.length > 0) {
  console.error(`There is no check "${unknown[0]}", but ${STEPS.map(([name]) => name).join(', ')}.`);
  process.exit(2);
}
const steps = STEPS.filter(([name]) => asked.length === 0 || asked.includes(name));

const results = await Promise.all(steps.map((step) => check(...step)));
const failed = results.filter(({ isGood }) => !isGood);
for (const { name, output } of failed) console.log(`\n── ${name} ──\n${output.trim()}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function check(name, tool, args) {
  const startedMs = performance.now();
  const { code, output } = await run(join(repository, 'node_modules', tool), args);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const isGood = code === 0;
  console.log(`${isGood ? 'ok    ' : 'FAILED'}  ${name.padEnd(7)}  ${seconds} s`);
  return { name, isGood, output };
}

function run(script, args) {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  running.add(child);
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      resolve({ code: 1, output: error.message });
    });
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, output });
    });
  });
}
