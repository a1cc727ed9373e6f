// Programs of the system that tests start. Where one is missing, its tests are skipped, and one line says what to install.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'vitest';

/** Each program's names on the PATH, the first found counts, and Debian's package. */
const PROGRAMS = {
  chromium: {
    names: ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'],
    package: 'chromium',
  },
  curl: { names: ['curl'], package: 'curl' },
  git: { names: ['git'], package: 'git' },
  promtool: { names: ['promtool'], package: 'prometheus' },
  tinyproxy: { names: ['tinyproxy'], package: 'tinyproxy' },
  wrk: { names: ['wrk'], package: 'wrk' },
} as const;

export type Program = keyof typeof PROGRAMS;

/**
 * vitest's `test`, for tests that start this program. Throws where it is missing and `CI` is set: there a skipped test
 * would pass for a good one.
 */
export function testWith(program: Program): ReturnType<typeof test.skipIf> {
  return testIf(isInstalled(program), howToInstall(program));
}

export function isInstalled(program: Program): boolean {
  return find(program) !== undefined;
}

/** The same, for anything that may be missing. */
export function testIf(isThere: boolean, howToGetIt: string): ReturnType<typeof test.skipIf> {
  if (!isThere && process.env.CI !== undefined && process.env.CI !== 'false') throw new Error(howToGetIt);
  if (!isThere) console.warn(`Skipped. ${howToGetIt}`);
  return test.skipIf(!isThere);
}

export function pathOf(program: Program): string {
  const path = find(program);
  if (path === undefined) throw new Error(howToInstall(program));
  return path;
}

function find(program: Program): string | undefined {
  return PROGRAMS[program].names.flatMap(onPath).find(isExecutable);
}

/** Where on the PATH a program of that name could be. */
export function onPath(name: string): string[] {
  return (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name));
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function howToInstall(program: Program): string {
  return `These tests need ${program}: install it (Debian: apt-get install ${PROGRAMS[program].package}).`;
}
