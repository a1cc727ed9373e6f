// Owns the libraries in the archive: exactly those of the lockfile, so that every npm user runs what was tested.
//
// npm leaves what lies in an archive as it is. An npm-shrinkwrap.json would not do: npm 12 reads none, and npm 10 and 11
// install below one the Nodes of all systems, or, where it does not name them, none at all.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isNeededAtRuntime } from '../images/neededFiles.ts';
import type { Manifest } from './manifest.ts';

/** Puts the libraries of the folder's package-lock.json into the folder, and says in its package.json that they are there. */
export function bundle(folder: string, manifest: Manifest): void {
  // For no system: a Node, which is for one alone, comes from npm where it is installed.
  const forNone = ['--os=none', '--cpu=none', '--libc=none'];
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['ci', '--omit=dev', '--include=optional', ...forNone, ...quiet], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const installed = join(folder, 'node_modules');
  for (const entry of readdirSync(installed, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    if (!isNeededAtRuntime(path)) rmSync(path);
    else if (entry.name === 'package.json') dropEngines(path);
  }
  const bundleDependencies = Object.keys(manifest.dependencies);
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ ...manifest, bundleDependencies }, null, 2)}\n`,
  );
}

/** On an older Node npm would warn of each library: the package starts the Node that they want by itself. */
function dropEngines(path: string): void {
  const { engines, ...rest } = z.looseObject({}).parse(JSON.parse(readFileSync(path, 'utf8')));
  if (engines !== undefined) writeFileSync(path, `${JSON.stringify(rest, null, 2)}\n`);
}
