// Owns the unit that is written: the one of deploy/systemd, with the paths of this installation.

import { constants, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Service } from '../config.ts';
import { VERSION } from '../version.ts';
import { SetUpError } from './setUp.ts';

/** What runs: a Node, its options and a script, each by its whole path. */
export interface Program {
  readonly node: string;
  readonly options: readonly string[];
  readonly script: string;
}

/** It names the version, so that after an update it differs, and the service is started anew. */
export function unitTextOf(service: Service, { node, options, script }: Program): string {
  const template = readFileSync(
    new URL(`../../deploy/systemd/octoporty-${service}.service`, import.meta.url),
    'utf8',
  );
  const words = [node, ...options, script, service].map(quoted).join(' ');
  return template.replace(/^ExecStart=.*$/m, () => `# Octoporty ${VERSION}\nExecStart=${words}`);
}

/** What a service does not see (ProtectHome=, PrivateTmp=). */
const HIDDEN = ['/home', '/root', '/run/user', '/tmp', '/var/tmp'];

/** The installation must be where a user without rights may read it. Throws SetUpError. */
export function mayBeRun({ node, script }: Program): void {
  const instead = new Map([
    [node, 'install Node for everybody, from nodejs.org or by your package manager'],
    [
      script,
      'install with "npm install --prefix /opt/octoporty octoporty", and run /opt/octoporty/node_modules/.bin/octoporty',
    ],
  ]);
  for (const [path, advice] of instead) {
    const real = realpathSync(path);
    if (!isSeenByServices(real)) throw new SetUpError(`A service may not read ${real}: ${advice}.`);
  }
}

/** Not in a folder that is hidden from it; everybody may pass the folders on the way, and read the file. */
export function isSeenByServices(path: string): boolean {
  if (HIDDEN.some((folder) => path.startsWith(`${folder}/`))) return false;
  const folders: string[] = [];
  for (let folder = dirname(path); !folders.includes(folder); folder = dirname(folder)) folders.push(folder);
  const maySearch = (folder: string) => (statSync(folder).mode & constants.S_IXOTH) !== 0;
  return folders.every(maySearch) && (statSync(path).mode & constants.S_IROTH) !== 0;
}

/** A word of a command line, for systemd (systemd.service(5), "Command lines"). */
function quoted(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w./:@,+=%$-]+$/.test(escaped) ? escaped : `"${escaped.replace(/["\\]/g, String.raw`\$&`)}"`;
}
