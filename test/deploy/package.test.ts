// Owns the tests of the package: what is in it, and that it runs where nothing else of ours is. Needs npm's registry.

import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { VERSION } from '../../services/version.ts';
import { close, listen } from '../support/httpOrigin.ts';
import { emptyFolder, olderNode, PACKAGE, packAnew, ROOT, start, strangersEnv } from './shipped.ts';
import { ask, expectTunnel } from './upTunnel.ts';

/** An empty cache, the registry, 20,000 files and a disk that others use as well. */
const INSTALL_MS = 600_000;

/** Six programs are started, two of them tunnels. */
const USE_MS = 60_000;

/** `npm ls` of 206 packages, each where it is asked for. */
const MAX_LIST_BYTES = 10_000_000;

/** Debian's user without any rights. */
const NOBODY = 65_534;

const UP = ['up', '--listen-port', '0', '--ui-port', '0'];

const TOKEN = 'a status token for tests';

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({ version: z.string(), integrity: z.string().optional(), os: z.unknown().optional() }),
  ),
});

let archive = '';

beforeAll(() => {
  archive = packAnew();
}, INSTALL_MS);

describe('the package', () => {
  test('holds what runs and what people read, and nothing of the tests', async () => {
    const { stdout } = await promisify(execFile)('tar', ['--list', '--file', archive]);
    const all = stdout
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
    const tops = new Set(all.map((file) => file.split('/')[0]));
    expect([...tops].sort()).toEqual([
      'LICENSE',
      'README.md',
      'deploy',
      'machines',
      'node_modules',
      'package.json',
      'protocol',
      'services',
      'ui',
    ]);
    const files = all.filter((file) => !file.startsWith('node_modules/'));
    const program = files.filter((file) => /^(services|machines|protocol)\//.test(file));
    expect(program.filter((file) => !/\.(js|mjs)$/.test(file))).toEqual([]);
    for (const file of ['ui/dist/index.html', 'ui/dist/index.html.br', 'ui/dist/index.html.gz'])
      expect(files).toContain(file);
    expect(files.filter((file) => /\.(ts|vue|map|sources)$|test|fixture/.test(file))).toEqual([]);
  });

  test('has a page on npm whose links lead somewhere from there', () => {
    const readme = readFileSync(join(PACKAGE, 'README.md'), 'utf8');
    const targets = [...readme.matchAll(/\]\(([^)]*)\)|(?:href|src)="([^"]*)"/g)].map(
      ([, inText, inTag]) => inText ?? inTag ?? '',
    );
    expect(targets.filter((target) => !target.startsWith('https://'))).toEqual([]);
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
    const { packages } = lockSchema.parse(
      JSON.parse(readFileSync(join(PACKAGE, 'package-lock.json'), 'utf8')),
    );
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
      const { code, output } = await up.ended;
      expect([code, output.includes('EBADENGINE')]).toEqual([0, false]);
    },
  );

  describe('an installation without a Node of its own', () => {
    let prefix = '';
    let bin = '';
    let remove = () => {};
    afterAll(() => remove(), INSTALL_MS);

    beforeAll(async () => {
      prefix = mkdtempSync(join(tmpdir(), 'octoporty-ship-'));
      remove = () => rmSync(prefix, { recursive: true, force: true });
      bin = join(prefix, 'node_modules', '.bin', 'octoporty');
      // As /usr/local is: everybody may run what is in it, one may write.
      chmodSync(prefix, 0o755);
      const args = ['install', '--prefix', prefix, '--omit=optional', '--ignore-scripts', archive];
      await promisify(execFile)('npm', args, { cwd: prefix, env: strangersEnv() });
    }, INSTALL_MS);

    test('has each library in the version of the lockfile, none besides, and npm finds nothing wrong', async () => {
      const home = join(prefix, 'node_modules', 'octoporty');
      const { packages } = lockSchema.parse(
        JSON.parse(readFileSync(join(PACKAGE, 'package-lock.json'), 'utf8')),
      );
      // What is for one system alone npm chooses where it installs.
      const tested = Object.entries(packages).filter(([path, { os }]) => path !== '' && os === undefined);
      const installed = filesIn(home)
        .filter((file) => /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(file))
        .map((file) => [dirname(file), versionIn(join(home, file))]);
      expect(Object.fromEntries(installed)).toEqual(
        Object.fromEntries(tested.map(([path, { version }]) => [path, version])),
      );
      expect(readdirSync(join(prefix, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
        'octoporty',
      ]);
      await promisify(execFile)('npm', ['ls', '--all'], {
        cwd: prefix,
        env: strangersEnv(),
        maxBuffer: MAX_LIST_BYTES,
      });
    });

    test(
      'tells its settings, its metrics and how each link is, and comes back from its backup',
      { timeout: USE_MS },
      async () => {
        const folder = emptyFolder();
        const server = createServer((_request, response) => response.end('here'));
        const map = ['--map', `app.localhost=http://127.0.0.1:${await listen(server)}`];
        onTestFinished(() => close(server));
        writeFileSync(join(folder, 'octoporty.json'), JSON.stringify({ statusToken: TOKEN }), {
          mode: 0o600,
        });
        const octoporty = (...args: string[]) => start(folder, process.execPath, bin, args);
        const up = octoporty(...UP, ...map);
        const { publicPort, uiPort } = await expectTunnel(up);
        expect((await ask(publicPort, 'app.localhost', '/')).body).toBe('here');

        const bearer = { Authorization: `Bearer ${TOKEN}` };
        const gateway = await ask(publicPort, '127.0.0.1', '/metrics', bearer);
        expect(gateway.body).toMatch(/^octoporty_gateway_tunnels 1$/m);
        expect((await ask(uiPort, '127.0.0.1', '/metrics', bearer)).body).toMatch(
          /^octoporty_agent_tunnel_online 1$/m,
        );

        const settings = await octoporty('config').ended;
        expect(settings).toMatchObject({ code: 0, output: expect.stringContaining('octoporty.json') });
        const ports = ['--listen-port', `${publicPort}`, '--ui-port', `${uiPort}`];
        const doctor = await octoporty('doctor', ...ports).ended;
        expect(doctor).toMatchObject({ code: 0, output: expect.not.stringContaining('FAILED') });

        expect((await octoporty('backup', 'away.sqlite').ended).code).toBe(0);
        up.interrupt();
        expect((await up.ended).code).toBe(0);
        const restored = await octoporty('restore', 'away.sqlite', '--data-dir', 'elsewhere').ended;
        expect(restored).toMatchObject({ code: 0, output: expect.stringContaining('Start the agent now.') });
        const again = octoporty(...UP, '--data-dir', 'elsewhere');
        const next = await expectTunnel(again);
        expect((await ask(next.publicPort, 'app.localhost', '/')).body).toBe('here');
        again.interrupt();
        expect((await again.ended).code).toBe(0);
      },
    );

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

function versionIn(manifest: string): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(manifest, 'utf8'))).version;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
