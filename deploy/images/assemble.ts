// Owns what lies in an image of ours beside Node: the program, the packages it runs on, and the list of all of it.
// Usage: node deploy/images/assemble.ts gateway|agent FOLDER; FOLDER/dpkg holds what Debian's packages say of the base.

import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AGENT_ONLY, IN_NO_IMAGE, manifestFor, parseImage, SBOM_PATH } from './contents.ts';
import { billOfMaterials, installedPackages } from './billOfMaterials.ts';
import { isNeededAtRuntime } from './neededFiles.ts';

const packageFolder = fileURLToPath(new URL('../../out/package', import.meta.url));

/** A program without a shell: the command line under the image's own Node. */
const COMMAND = `#!/usr/local/bin/node\nimport('/app/services/cli.js');\n`;

const [imageText = '', folder = ''] = process.argv.slice(2);
const image = parseImage(imageText);
const root = join(folder, image);
const app = join(root, 'app');

cpSync(packageFolder, app, { recursive: true });
npm('ci', '--omit=dev', '--omit=optional', '--ignore-scripts');
const manifest = manifestFor(image, textIn(app, 'package.json'));
write(join(app, 'package.json'), manifest);
npm('prune', '--omit=dev', '--omit=optional', '--ignore-scripts');
// Of the lockfile: where an optional package is left out, npm calls the installed ones invalid.
const npmBill = npm(
  'sbom',
  '--package-lock-only',
  '--omit=dev',
  '--sbom-format=cyclonedx',
  '--sbom-type=application',
);
const npmPackages = installedPackages(textIn(app, 'node_modules/.package-lock.json'));
for (const path of [...IN_NO_IMAGE, ...(image === 'gateway' ? AGENT_ONLY.files : [])])
  remove(join(app, path));
for (const path of filesIn(join(app, 'node_modules'))) if (!isNeededAtRuntime(path)) remove(path);

write(
  join(root, SBOM_PATH),
  billOfMaterials({ npmBill, npmPackages, debianPackages: debianPackages(), nodeVersion: process.version }),
);
write(join(root, 'usr/local/bin/octoporty'), COMMAND);
chmodSync(join(root, 'usr/local/bin/octoporty'), 0o755);
if (image === 'agent') makeDataFolder(join(root, 'data'));

/** A new volume takes over the mode, and with it any user may run the image. */
function makeDataFolder(path: string): void {
  mkdirSync(path);
  chmodSync(path, 0o1777);
}

function npm(...args: string[]): string {
  return execFileSync('npm', args, { cwd: app, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The control text of each package: a file each in distroless bases, one file for all elsewhere. */
function debianPackages(): string[] {
  const dpkg = join(folder, 'dpkg');
  const paths = filesIn(dpkg).filter((path) => /\/dpkg\/(status|status\.d\/[^/]+)$/.test(path));
  return paths
    .filter((path) => !path.endsWith('.md5sums'))
    .flatMap((path) => readFileSync(path, 'utf8').split(/\n{2,}/))
    .filter((text) => text.trim() !== '');
}

function write(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

function textIn(at: string, name: string): string {
  return readFileSync(join(at, name), 'utf8');
}

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
