// Owns the tests of what hinders a backup or a restore: one line says what to do, and nothing is left of the attempt.

import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { backUp } from '../../../services/agent/backup.ts';
import { restore } from '../../../services/agent/restore.ts';
import { BEGUN_FILE } from '../../../services/agent/restoreSwap.ts';
import { tempDir } from '../store/tempStore.ts';
import { agentWith, NOW_MS, place } from './backupStage.ts';

const CLI = fileURLToPath(new URL('../../../services/cli.ts', import.meta.url));

const IS_ROOT = process.getuid?.() === 0;

/** "nobody" of Debian, which owns nothing here. */
const NOBODY = 65_534;

/** Programs are started, one after the other. */
const ALL_MS = 60_000;

const execute = promisify(execFile);

const testOfRights = test.skipIf(!(await isOpenToOthers()));

describe('a backup', () => {
  test.each([
    [
      'a folder',
      (path: string) => mkdirSync(path),
      /target is a folder: name a file in it, such as .*target\/\w/,
    ],
    ['there already', (path: string) => writeFileSync(path, 'x'), /target is there already: name a new file/],
    [
      'a link that leads nowhere',
      (path: string) => symlinkSync('/missing/file', path),
      /target is a link that leads nowhere: name a new file/,
    ],
  ])('is not made where its name is %s', async (_, occupy, sentence) => {
    const { dataDir } = await agentWith('a.test');
    const folder = tempDir();
    const target = join(folder, 'target');
    occupy(target);
    await expect(backUp(place(dataDir), target)).rejects.toThrow(inOneLine(sentence));
    expect(readdirSync(folder)).toEqual(['target']);
    if (sentence.source.includes('link')) expect(readlinkSync(target)).toBe('/missing/file');
  });

  test.each([
    [
      'a missing folder',
      (folder: string) => join(folder, 'no', 'b'),
      /there is no folder .*no; make it, or choose/,
    ],
    [
      'a folder that is a file',
      (folder: string) => {
        writeFileSync(join(folder, 'file'), '');
        return join(folder, 'file', 'b');
      },
      /file is no folder; choose another one/,
    ],
    [
      'a name that is too long',
      (folder: string) => join(folder, 'b'.repeat(250)),
      /its name is too long; choose a/,
    ],
  ])('is not made in %s', async (_, targetIn, sentence) => {
    const { dataDir } = await agentWith('a.test');
    const folder = tempDir();
    const target = targetIn(folder);
    const before = readdirSync(folder);
    await expect(backUp(place(dataDir), target)).rejects.toThrow(inOneLine(sentence));
    expect(readdirSync(folder)).toEqual(before);
  });

  testOfRights(
    'is not made where this user may not write, or of what this user may not read',
    async () => {
      const { dataDir } = await agentWith('a.test');
      const [closed, open] = [tempDir(), tempDir()];
      chmodSync(closed, 0o555);
      chmodSync(open, 0o777);
      await giveTo(NOBODY, dataDir);
      expect(await asNobody(['backup', join(closed, 'b'), '--data-dir', dataDir])).toMatch(
        inOneLine(/this user may not write in .*; choose another folder, or run it as/),
      );
      await giveTo(0, dataDir);
      chmodSync(dataDir, 0o755);
      chmodSync(join(dataDir, 'octoporty.sqlite'), 0);
      expect(await asNobody(['backup', join(open, 'b'), '--data-dir', dataDir])).toMatch(
        inOneLine(/octoporty\.sqlite cannot be read: this user may not; run it as the agent's user/),
      );
      expect([readdirSync(closed), readdirSync(open)]).toEqual([[], []]);
    },
    ALL_MS,
  );

  test('is not made between the two halves of a restore', async () => {
    const { dataDir, backup } = await agentWith('a.test');
    writeFileSync(join(dataDir, BEGUN_FILE), '.before-20261123T031500\n');
    await expect(backUp(place(dataDir), backup)).rejects.toThrow(
      inOneLine(/was broken off: start its agent/),
    );
  });
});

describe('a restore', () => {
  test.each([
    ['a folder', (path: string) => mkdirSync(path), /given is a folder: name the backup in it/],
    [
      'a link that leads nowhere',
      (path: string) => symlinkSync('/missing/file', path),
      /given is a link that leads nowhere: name the backup itself/,
    ],
    [
      'damaged',
      (path: string) => writeFileSync(path, 'SQLite format 3\0'.repeat(99)),
      /it is (damaged|no backup)/,
    ],
  ])('is not made from what is %s', async (_, make, sentence) => {
    const { dataDir } = await agentWith('a.test');
    const given = join(tempDir(), 'given');
    make(given);
    const before = readdirSync(dataDir);
    await expect(restore(place(dataDir), given, NOW_MS)).rejects.toThrow(inOneLine(sentence));
    expect(readdirSync(dataDir).filter((name) => name !== 'agent.lock')).toEqual(before);
  });

  test('is not made into what is no folder', async () => {
    const { dataDir, backup } = await agentWith('a.test');
    await backUp(place(dataDir), backup);
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    await expect(restore(place(file), backup, NOW_MS)).rejects.toThrow(
      inOneLine(/file is no folder; name another/),
    );
  });

  testOfRights(
    'is not made where this user may not write, nor of what this user may not read',
    async () => {
      const { dataDir, backup } = await agentWith('a.test');
      await backUp(place(dataDir), backup);
      const { dataDir: other } = await agentWith('b.test');
      const readable = join(tempDir(), 'readable');
      cpSync(backup, readable);
      chmodSync(readable, 0o444);
      chmodSync(join(readable, '..'), 0o755);
      chmodSync(backup, 0);
      chmodSync(join(backup, '..'), 0o755);
      chmodSync(join(backup, '../..'), 0o755);
      chmodSync(other, 0o555);
      const before = readdirSync(other);
      expect(await asNobody(['restore', backup, '--data-dir', other])).toMatch(
        inOneLine(/cannot be read: this user may not; give it to/),
      );
      expect(await asNobody(['restore', readable, '--data-dir', other])).toMatch(
        inOneLine(/cannot be restored: this user may not write in .*; run it as the agent's user/),
      );
      expect(readdirSync(other)).toEqual(before);
    },
    ALL_MS,
  );

  test('that was broken off and cannot be ended keeps what it knows, and says what to do', async () => {
    const { dataDir, backup } = await agentWith('a.test');
    await backUp(place(dataDir), backup);
    writeFileSync(join(dataDir, BEGUN_FILE), 'nonsense');
    await expect(restore(place(dataDir), backup, NOW_MS)).rejects.toThrow(
      inOneLine(/restore-begun is damaged: delete it, and restore the backup once more/),
    );
  });
});

describe.skipIf(!(await canMount()))('on a disk of its own', () => {
  test.each([
    ['that is full', 'size=32k', '', /no room left in \/.*; make some, or choose another folder/],
    [
      'that is read-only',
      'size=9m',
      'mount -o remount,ro "$1"',
      /the file system of .* is read-only; choose another/,
    ],
  ])('a backup is not made on one %s, in one line and with 1', async (_, options, prepare, sentence) => {
    const { dataDir } = await agentWith('a.test');
    const { code, stdout, stderr } = await onDisk(options, prepare, [
      'backup',
      '$1/b',
      '--data-dir',
      dataDir,
    ]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(inOneLine(sentence));
  });

  test.each([
    ['that is full', 'size=32k', '', /no room for it in .*; make some/, 'agent.lock\n'],
    [
      'that is read-only',
      'size=9m',
      'mount -o remount,ro "$1"',
      /the file system of .* is read-only; make it/,
      '',
    ],
  ])(
    'a restore is not made on one %s, in one line and with 1',
    async (_, options, prepare, sentence, left) => {
      const { dataDir, backup } = await agentWith('a.test');
      await backUp(place(dataDir), backup);
      const { code, stdout, stderr } = await onDisk(options, prepare, [
        'restore',
        backup,
        '--data-dir',
        '$1',
      ]);
      expect([code, stdout]).toEqual([1, left]);
      expect(stderr).toMatch(inOneLine(sentence));
    },
  );
});

/** Runs the program where `$1` is a disk in memory; it is gone with the program. What is left on it is printed. */
async function onDisk(options: string, prepare: string, args: readonly string[]) {
  const disk = tempDir();
  const script = [
    `mount -t tmpfs -o ${options} tmpfs "$1"`,
    prepare,
    `"$2" "$3" ${args.map((arg) => `"${arg}"`).join(' ')} && code=0 || code=$?`,
    'ls -A "$1"',
    'exit $code',
  ];
  const inDisk = ['--mount', 'sh', '-euc', script.join('\n'), 'sh', disk, process.execPath, CLI];
  return ended('unshare', inDisk);
}

/** Whether another user reaches the program, which may lie in a folder that is root's alone. */
async function isOpenToOthers(): Promise<boolean> {
  if (!IS_ROOT) return true;
  const { code } = await ended(process.execPath, [CLI, '--version'], { uid: NOBODY, gid: NOBODY });
  return code === 0;
}

async function canMount(): Promise<boolean> {
  if (!IS_ROOT) return false;
  return execute('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).then(
    () => true,
    () => false,
  );
}

/** What the program says before it ends with 1, run by a user who owns nothing here. */
async function asNobody(args: readonly string[]): Promise<string> {
  const user = IS_ROOT ? { uid: NOBODY, gid: NOBODY } : {};
  const { code, stdout, stderr } = await ended(process.execPath, [CLI, ...args], user);
  expect([code, stdout]).toEqual([1, '']);
  return stderr;
}

async function giveTo(uid: number, folder: string): Promise<void> {
  if (IS_ROOT) await execute('chown', ['-R', String(uid), folder]);
}

async function ended(file: string, args: readonly string[], options: { uid?: number; gid?: number } = {}) {
  return new Promise<{ code: number | string | null; stdout: string; stderr: string }>((resolve) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? null), stdout, stderr });
    });
  });
}

/** A sentence of ours, and nothing behind it. */
function inOneLine(sentence: RegExp): RegExp {
  return new RegExp(`^[^\\n]*${sentence.source}[^\\n]*\\.\\n?$`);
}
