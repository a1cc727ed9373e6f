// Owns the tests of when the dashboard is built: once for each state of its sources, whole, by one process at a time.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { BuildError, buildDashboard } from '../../services/buildDashboard.mjs';

/** Stands for Vite: counts its runs and leaves a page that says what was in the source, and for which mode. */
const VITE = `
  const fs = require('node:fs');
  fs.appendFileSync('runs', 'x');
  const outDir = process.argv[process.argv.indexOf('--outDir') + 1];
  const source = fs.readFileSync('ui/main.ts', 'utf8');
  if (source === 'broken') { console.error('main.ts is broken'); process.exit(1); }
  setTimeout(() => {
    fs.mkdirSync(outDir);
    fs.writeFileSync(outDir + '/index.html', process.env.NODE_ENV + ' ' + source);
  }, 100);
`;

const MODULE = pathToFileURL(join(import.meta.dirname, '../../services/buildDashboard.mjs')).href;

function createRepository(): string {
  const root = mkdtempSync(join(tmpdir(), 'octoporty-build-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const folder of ['ui/pages', 'protocol', 'node_modules/vite/bin'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'node_modules/vite/bin/vite.js'), VITE);
  writeFileSync(join(root, 'node_modules/vite/package.json'), '{"type":"commonjs"}');
  writeFileSync(join(root, 'ui/vite.config.ts'), '');
  writeFileSync(join(root, 'ui/main.ts'), 'one');
  return root;
}

function runs(root: string): number {
  return existsSync(join(root, 'runs')) ? readFileSync(join(root, 'runs'), 'utf8').length : 0;
}

function page(root: string): string {
  return readFileSync(join(root, 'ui/dist/index.html'), 'utf8');
}

/** Three processes at once; answers their exit codes. */
function buildTogether(root: string): Promise<unknown[]> {
  const script = `
    import { readFileSync } from 'node:fs';
    import { buildDashboard } from ${JSON.stringify(MODULE)};
    await buildDashboard(${JSON.stringify(root)});
    readFileSync(${JSON.stringify(join(root, 'ui/dist/index.html'))});
  `;
  return Promise.all(
    [1, 2, 3].map(async () => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'ignore' });
      const [code]: unknown[] = await once(child, 'exit');
      return code;
    }),
  );
}

test('it is built when it is missing, for production whatever runs around it, and then no more', async () => {
  const root = createRepository();
  await buildDashboard(root);
  expect(page(root)).toBe('production one');
  await buildDashboard(root);
  expect(runs(root)).toBe(1);
  await buildDashboard(root, { isForced: true });
  expect(runs(root)).toBe(2);
});

test.each([
  ['a changed source', 'ui/main.ts'],
  ['a new source', 'ui/pages/NewPage.vue'],
  ['a changed schema', 'protocol/mapping.ts'],
  ['other dependencies', 'package-lock.json'],
])('%s makes it be built anew', async (_what, path) => {
  const root = createRepository();
  await buildDashboard(root);
  writeFileSync(join(root, path), 'two');
  await buildDashboard(root);
  expect(runs(root)).toBe(2);
});

test('what is no source builds nothing', async () => {
  const root = createRepository();
  await buildDashboard(root);
  writeFileSync(join(root, 'ui/README.md'), 'words');
  writeFileSync(join(root, 'ui/dist/index.html'), 'touched');
  await buildDashboard(root);
  expect(runs(root)).toBe(1);
});

test('a build that fails says why, and leaves the one before', async () => {
  const root = createRepository();
  await buildDashboard(root);
  writeFileSync(join(root, 'ui/main.ts'), 'broken');
  const failed = buildDashboard(root);
  await expect(failed).rejects.toThrow(BuildError);
  await expect(failed).rejects.toThrow('main.ts is broken');
  expect(page(root)).toBe('production one');
  expect(readdirSync(join(root, 'ui')).sort()).toEqual(['dist', 'main.ts', 'pages', 'vite.config.ts']);
});

test('processes that come together build once, and each goes on with the whole', async () => {
  const root = createRepository();
  expect(await buildTogether(root)).toEqual([0, 0, 0]);
  expect(runs(root)).toBe(1);
});

test('processes that come together after one that died build once, too', async () => {
  const root = createRepository();
  const dead = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(dead, 'exit');
  writeFileSync(join(root, 'ui/.build-lock'), String(dead.pid));
  expect(await buildTogether(root)).toEqual([0, 0, 0]);
  expect(runs(root)).toBe(1);
});

test('whatever is removed, a whole build is there meanwhile', async () => {
  const root = createRepository();
  await buildDashboard(root);
  const script = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const remove = fs.rmSync;
    fs.rmSync = (path, options) => {
      const isThere = fs.existsSync(${JSON.stringify(join(root, 'ui/dist/index.html'))});
      if (!isThere || path === ${JSON.stringify(join(root, 'ui/dist'))}) process.exit(3);
      remove(path, options);
    };
    syncBuiltinESMExports();
    const { buildDashboard } = await import(${JSON.stringify(MODULE)});
    await buildDashboard(${JSON.stringify(root)}, { isForced: true });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'ignore' });
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(runs(root)).toBe(2);
  expect(readdirSync(join(root, 'ui')).sort()).toEqual(['dist', 'main.ts', 'pages', 'vite.config.ts']);
});

test.each(['.dist-1', '.dist-1.before'])(
  'what a build that was ended half-way left behind in %s is removed by the next, and is no source',
  async (name) => {
    const root = createRepository();
    await buildDashboard(root);
    mkdirSync(join(root, 'ui', name, 'assets'), { recursive: true });
    writeFileSync(join(root, 'ui', name, 'assets', 'index.js'), 'half');
    await buildDashboard(root);
    expect(runs(root)).toBe(1);
    await buildDashboard(root, { isForced: true });
    expect(existsSync(join(root, 'ui', name))).toBe(false);
  },
);

test('a package without the sources is left as it is', async () => {
  const root = createRepository();
  rmSync(join(root, 'ui/vite.config.ts'));
  await buildDashboard(root);
  expect(runs(root)).toBe(0);
});
