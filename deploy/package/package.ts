// Owns `npm run package`: the program in out/package, and what npm users install, with its libraries, as
// out/octoporty-VERSION.tgz; and how large that is.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDashboard } from '../../services/buildDashboard.mjs';
import { bundle } from './bundle.ts';
import { emit } from './emit.ts';
import { manifestOf, lockfileOf } from './manifest.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = join(root, 'out');
const folder = join(out, 'package');

/** What runs, with the layout it has here. */
const PROGRAM = ['services', 'machines', 'protocol'];

/** What the program reads as it is, and what npm and people read. */
const AS_IT_IS = ['LICENSE', 'ui/status.css', 'ui/dist', 'deploy/systemd'];

const README = 'deploy/package/README.md';

const manifest = manifestOf(textOf('package.json'), process.env);

await buildDashboard(root);
// Each made aside and renamed: who reads one meanwhile reads the one before.
const aside = join(out, `.package-${process.pid}`);
const archived = join(out, `.archive-${process.pid}`);
try {
  writePackage(aside);
  cpSync(aside, archived, { recursive: true });
  bundle(archived, manifest);
  const tarball = pack(archived);
  const files = filesIn(archived).filter((path) => path !== tarball);
  const unpacked = files.reduce((bytes, path) => bytes + statSync(path).size, 0);
  const shipped = join(out, basename(tarball));
  renameSync(tarball, shipped);
  rmSync(folder, { recursive: true, force: true });
  renameSync(aside, folder);
  console.log(
    `${relative(root, shipped)}: ${kilobytes(statSync(shipped).size)} packed, ${kilobytes(unpacked)} unpacked, ${files.length} files.`,
  );
} finally {
  for (const path of [aside, archived]) rmSync(path, { recursive: true, force: true });
}

function writePackage(into: string): void {
  for (const path of PROGRAM.flatMap((part) => filesIn(join(root, part)))) {
    const name = relative(root, path);
    if (name.endsWith('.ts')) write(into, name.replace(/\.ts$/, '.js'), emit(name, textOf(name)));
    if (name.endsWith('.mjs')) write(into, name, textOf(name));
  }
  // The stamp of the build speaks of sources that are not here.
  const isShipped = (path: string) => !path.endsWith('.sources');
  for (const name of AS_IT_IS) {
    cpSync(join(root, name), join(into, name), { recursive: true, filter: isShipped });
  }
  write(into, 'README.md', textOf(README));
  write(into, 'package.json', json(manifest));
  write(into, 'package-lock.json', json(lockfileOf(textOf('package-lock.json'), manifest)));
}

function write(into: string, name: string, text: string): void {
  const path = join(into, name);
  mkdirSync(dirname(path), { recursive: true });
  // npm makes the programs of "bin" executable where it installs them.
  writeFileSync(path, text);
}

/** npm's own archive: dates and modes in it are npm's, so the same files make the same bytes. Answers where it is. */
function pack(from: string): string {
  const quiet = ['--silent', '--ignore-scripts'];
  const name = execFileSync('npm', ['pack', ...quiet], { cwd: from, encoding: 'utf8' });
  return join(from, name.trim());
}

function textOf(name: string): string {
  return readFileSync(join(root, name), 'utf8');
}

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`;
}
