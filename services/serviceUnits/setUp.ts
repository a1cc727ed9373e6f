// Owns what installing, removing and looking at a service have in common: where its files are, and what is said of them.

import { accessSync, constants, existsSync, lstatSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Service } from '../config.ts';
import { textIfThere } from '../textIfThere.ts';
import { writeWholeFile } from '../wholeFile.ts';
import type { Systemctl } from './systemctl.ts';

/** A service cannot be set up here. The message is one plain line that says what to do. */
export class SetUpError extends Error {
  override readonly name = 'SetUpError';
}

/** What is for root alone was to be read. */
export class UnreadableError extends SetUpError {
  constructor(path: string, options?: ErrorOptions) {
    super(`Only root may read ${path}: run the same with "sudo".`, options);
  }
}

/** Where and how; tests give a tree and a systemctl of their own. */
export interface SetUp {
  /** The root of the system: "/", or a folder that stands for it. */
  readonly root: string;
  /** It is the system that we run in, and systemctl speaks of it; else its files are all that is known. */
  readonly isThisSystem: boolean;
  /** Says what would be done, and does nothing. */
  readonly isDry: boolean;
  readonly systemctl: Systemctl;
  readonly print: (line: string) => void;
}

/** The files of one service. Its state is there once it has run: below `private`, as its user comes and goes. */
export function placesOf(service: Service, { root }: Pick<SetUp, 'root'>) {
  const unit = `octoporty-${service}`;
  const configuration = join(root, 'etc', 'octoporty');
  return {
    unit,
    unitFile: join(root, 'etc', 'systemd', 'system', `${unit}.service`),
    configuration,
    /** systemd's word for "enabled": the unit's `[Install]` names the target. */
    enabledLink: join(root, 'etc', 'systemd', 'system', 'multi-user.target.wants', `${unit}.service`),
    envFile: join(configuration, `${service}.env`),
    secretFile: join(configuration, 'auth-secret'),
    state: [join(root, 'var', 'lib', unit), join(root, 'var', 'lib', 'private', unit)],
  };
}

/** Whether systemd runs there (sd_booted(3)): else its files can be put down, and nothing be started. */
export function isBooted({ root, isThisSystem }: Pick<SetUp, 'root' | 'isThisSystem'>): boolean {
  return isThisSystem && existsSync(join(root, 'run', 'systemd', 'system'));
}

/** A link that leads nowhere is there, too. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Throws SetUpError where services cannot be changed. */
export function mayChange(setUp: SetUp): void {
  if (setUp.isDry) mayLook(setUp);
  if (setUp.isDry || setUp.root !== '/') return;
  if (!isBooted(setUp)) {
    throw new SetUpError(
      'This system does not run systemd: start "octoporty gateway" or "octoporty agent" by what it has instead.',
    );
  }
  if (process.getuid?.() !== 0) {
    throw new SetUpError(
      'Only root may change services: run the same with "sudo", or add --dry-run to see what it does.',
    );
  }
}

/** What nobody may see would pass for what is not there. */
function mayLook(setUp: SetUp): void {
  const { configuration } = placesOf('gateway', setUp);
  if (!existsSync(configuration)) return;
  try {
    accessSync(configuration, constants.R_OK | constants.X_OK);
  } catch (error) {
    throw new UnreadableError(configuration, { cause: error });
  }
}

/** The text of a file; null when it is not there. Throws UnreadableError, or the system's error. */
export function textIn(path: string): string | null {
  try {
    return textIfThere(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EACCES') throw new UnreadableError(path, { cause: error });
    if (code === 'EISDIR')
      throw new SetUpError(`${path} is a folder where a file belongs: move it away.`, { cause: error });
    throw error;
  }
}

interface PutOptions {
  readonly mode: number;
  readonly about?: string;
  /** Where it lies, when that is for root alone. */
  readonly folder?: string;
}

/** Brings a file to that text, and says so; `about` says more. Answers whether anything was different. */
export async function put(
  setUp: SetUp,
  path: string,
  text: string,
  { mode, about = '', folder }: PutOptions,
): Promise<boolean> {
  const before = textIn(path);
  if (before === text) {
    say(setUp, 'unchanged', path);
    return false;
  }
  if (!setUp.isDry) {
    await makeSystemFolder(dirname(folder ?? path));
    await writeWholeFile(path, text);
    await chmod(path, mode);
  }
  say(setUp, before === null ? 'made' : 'changed', path + (about === '' ? '' : `: ${about}`));
  return true;
}

/** The folders of the system are for everybody, whatever the umask; only `/etc/octoporty` is ours alone. */
async function makeSystemFolder(path: string): Promise<void> {
  if (existsSync(path)) return;
  await makeSystemFolder(dirname(path));
  await mkdir(path);
  await chmod(path, 0o755);
}

/** Takes away what is there, and says so. */
export async function remove(setUp: SetUp, path: string): Promise<void> {
  if (!isThere(path)) return;
  if (!setUp.isDry) await rm(path, { recursive: true });
  say(setUp, 'removed', path);
}

/** One line: what was done, and to what. */
export function say({ isDry, print }: SetUp, done: string, what: string): void {
  const word = isDry && done !== 'unchanged' ? `would be ${done}` : done;
  print(`${word.padEnd(isDry ? DRY_WIDTH : WIDTH)} ${what}`);
}

const WIDTH = 'unchanged'.length;
const DRY_WIDTH = 'would be restarted'.length;
