// Owns the tests of the package: what is in it, and that it runs where nothing else of ours is. Needs npm's registry.

import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { VERSION } from '../../services/version.ts';
import {
  emptyFolder,
  olderNode,
  PACKAGE,
  packAnew,
  ROOT,
  start,
  strangersEnv,
  type Running,
} from './shipped.ts';

/** An empty cache, the registry, 20,000 files and a disk that others use as well. */
const INSTALL_MS = 600_000;

/** Debian's user without any rights. */
const NOBODY = 65_534;

const UP = ['up', '--listen-port', '0', '--ui-port', '0', '--map', 'app.localhost=http://127.0.0.1:9'];

let archive = '';

beforeAll(() => {
  archive = packAnew();
}, INSTALL_MS);

describe('the package', () => {
  test('holds what runs and what people read, and nothing of the tests', async () => {
    const { stdout } = await promisify(execFile)('tar', ['--list', '--file', archive]);
    const files = stdout
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
    const tops = new Set(files.map((file) => file.split('/')[0]));
    expect([...tops].sort()).toEqual([
      'LICENSE',
      'README.md',
      'deploy',
      'machines',
      'package.json',
      'protocol',
      'services',
      'ui',
    ]);
    const program = files.filter((file) => /^(services|machines|protocol)\//.test(file));
    expect(program.filter((file) => !/\.(js|mjs)$/.test(file))).toEqual([]);
    for (const file of ['ui/dist/index.html', 'ui/dist/index.html.br', 'ui/dist/index.html.gz'])
      expect(files).toContain(file);
    expect(files.filter((file) => /\.(ts|vue|map|sources)$|test|fixture/.test(file))).toEqual([]);
  });

  test('names nothing of the machine that has packed it', () => {
    for (const file of filesIn(PACKAGE)) expect(readFileSync(join(PACKAGE, file)).includes(ROOT)).toBe(false);
  });

  test('asks npm for exact versions, for nothing of development, and runs no script', () => {
    const manifest = z
      .looseObject({ name: z.literal('octoporty'), dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')));
    for (const version of Object.values(manifest.dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    for (const field of ['devDependencies', 'scripts', 'private']) expect(manifest).not.toHaveProperty(field);
    const { packages } = z
      .object({ packages: z.record(z.string(), z.looseObject({ integrity: z.string().optional() })) })
      .parse(JSON.parse(readFileSync(join(PACKAGE, 'package-lock.json'), 'utf8')));
    const { '': _own, ...installed } = packages;
    expect(Object.keys(installed).length).toBeGreaterThan(100);
    for (const [path, entry] of Object.entries(installed)) {
      expect([path, typeof entry.integrity]).toEqual([path, 'string']);
      for (const field of ['dev', 'resolved', 'hasInstallScript']) expect(entry).not.toHaveProperty(field);
    }
  });

  test('has each word of the program in the line and column where its source has it', () => {
    for (const file of filesIn(PACKAGE).filter((name) => name.endsWith('.js') && !name.startsWith('ui/'))) {
      const source = readFileSync(join(ROOT, file.replace(/\.js$/, '.ts')), 'utf8').split('\n');
      const lines = readFileSync(join(PACKAGE, file), 'utf8').split('\n');
      expect(lines.length).toBe(source.length);
      const moved = lines.filter((line, at) => !isSourceWithSpaces(line, source[at] ?? ''));
      expect([file, moved]).toEqual([file, []]);
    }
  });
});

describe('in an empty folder, with npm and its registry alone', () => {
  test(
    'npx starts a tunnel, whose visitors are answered and whose dashboard asks for a login',
    { timeout: INSTALL_MS },
    async () => {
      const folder = emptyFolder();
      const name = basename(archive);
      copyFileSync(archive, join(folder, name));
      const quiet = ['--yes', '--ignore-scripts', '--cache', join(folder, 'cache')];
      // It runs the command in its own place: dash would end of Ctrl-C before the command has, and npx with it.
      const shell = ['--script-shell', 'bash'];
      const node = olderNode() ?? process.execPath;
      const up = start(folder, node, 'npx', [...quiet, ...shell, `./${name}`, ...UP]);
      await expectTunnel(up);
      up.interrupt();
      expect((await up.ended).code).toBe(0);
    },
  );

  describe('an installation without a Node of its own', () => {
    let bin = '';
    let remove = () => {};
    afterAll(() => remove(), INSTALL_MS);

    beforeAll(async () => {
      const prefix = mkdtempSync(join(tmpdir(), 'octoporty-ship-'));
      remove = () => rmSync(prefix, { recursive: true, force: true });
      bin = join(prefix, 'node_modules', '.bin', 'octoporty');
      // As /usr/local is: everybody may run what is in it, one may write.
      chmodSync(prefix, 0o755);
      const args = ['install', '--prefix', prefix, '--omit=optional', '--ignore-scripts', archive];
      await promisify(execFile)('npm', args, { cwd: prefix, env: strangersEnv() });
    }, INSTALL_MS);

    test('runs on Node 24, and ends of Ctrl-C with 0', async () => {
      const up = start(emptyFolder(), process.execPath, bin, UP);
      await expectTunnel(up);
      up.interrupt();
      const { code, output } = await up.ended;
      expect([code, output.includes('Warning')]).toEqual([0, false]);
    });

    const older = olderNode();
    test.skipIf(older === undefined)('says on an older one what it needs, in one line', async () => {
      const { code, output } = await start(emptyFolder(), older ?? '', bin, UP).ended;
      expect(code).toBe(1);
      expect(output).toMatch(/^Octoporty needs Node 24 or newer on this system: [^\n]*; found v[\d.]+\.\n$/);
    });

    test.skipIf(process.getuid?.() !== 0)('serves a user who may not write into it', async () => {
      const { code, output } = await start('/', process.execPath, bin, ['--version'], NOBODY).ended;
      expect([code, output]).toEqual([0, `${VERSION}\n`]);
    });
  });
});

/** Visitors reach the demo, the dashboard is the built one, and its login works. */
async function expectTunnel(up: Running): Promise<void> {
  const [, publicPort = ''] = await up.printed(/curl http:\/\/\S+\.localhost:(\d+)\//);
  const [, uiPort = ''] = await up.printed(/http:\/\/localhost:(\d+)\//);
  const [, password = ''] = await up.printed(/admin, password (\S+)/);
  expect((await ask(Number(publicPort), 'demo.localhost', '/')).body).toContain('Hello from the demo origin');
  const page = await ask(Number(uiPort), 'localhost', '/login');
  expect([page.status, page.body.includes('<div id="app">')]).toEqual([200, true]);
  const login = JSON.stringify({ username: 'admin', password });
  expect((await ask(Number(uiPort), 'localhost', '/api/v1/auth/login', login)).status).toBe(200);
}

function ask(
  port: number,
  host: string,
  path: string,
  body?: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      Host: `${host}:${port}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    };
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request({ host: '127.0.0.1', port, path, headers, method, agent: false });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.end(body);
  });
}

/** Each character is that of the source, or a space where a type was; `.ts` may have become `.js`. */
function isSourceWithSpaces(line: string, source: string): boolean {
  const renamed = [source, source.replace(/\.ts(['"])/, '.js$1')];
  return renamed.some((text) => isSame(line, text));
}

function isSame(line: string, source: string): boolean {
  return Array.from({ length: line.length }, (_, at) => at).every(
    (at) => line[at] === ' ' || line[at] === source[at],
  );
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
