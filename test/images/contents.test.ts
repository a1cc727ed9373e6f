// What the images hold is what their program imports, and how they start is how everybody starts it.

import { existsSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { billOfMaterials, installedPackages } from '../../deploy/images/billOfMaterials.ts';
import { AGENT_ONLY, IMAGES, manifestFor, type Image } from '../../deploy/images/contents.ts';
import { isNeededAtRuntime } from '../../deploy/images/neededFiles.ts';
import { SERVICE_NODE_OPTIONS } from '../../services/nodeOptions.mjs';
import { VERSION } from '../../services/version.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const packageText = readFileSync(join(root, 'package.json'), 'utf8');
const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');

const { dependencies, optionalDependencies } = z
  .object({
    dependencies: z.record(z.string(), z.string()),
    optionalDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(packageText));

describe('the gateway’s image', () => {
  const isLeftOut = (path: string) =>
    AGENT_ONLY.files.some((left) => path === left.replace(/\.js$/, '.ts') || path.startsWith(`${left}/`));
  const reached = reachedFrom('services/cli.ts', isLeftOut);
  const everything = reachedFrom('services/cli.ts', () => false);

  test('leaves out every package that only an agent imports, and none that a gateway imports', () => {
    const left: readonly string[] = AGENT_ONLY.packages;
    const imported = Object.keys(dependencies).filter((name) => everything.packages.has(name));
    const wanted = imported.filter((name) => reached.packages.has(name));
    expect(imported.filter((name) => !left.includes(name)).sort()).toEqual(wanted.sort());
  });

  test('has every file that a gateway imports, and leaves out only what is there', () => {
    expect(reached.missed).toEqual([]);
    expect(reached.files.has('services/gateway/main.ts')).toBe(true);
    const sources = AGENT_ONLY.files.map((path) => path.replace(/\.js$/, '.ts'));
    expect(sources.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

test('the agent’s image has every package, the gateway’s all but a few, and neither the Node of npm', () => {
  expect(dependenciesOf('agent')).toEqual(dependencies);
  const left: readonly string[] = AGENT_ONLY.packages;
  const own = Object.entries(dependencies).filter(([name]) => !left.includes(name));
  expect(dependenciesOf('gateway')).toEqual(Object.fromEntries(own));
  for (const image of IMAGES) expect(manifestFor(image, packageText)).not.toMatch(/optionalDep|node-linux/);
});

test('an image keeps licences and programs, and drops what is for compilers, browsers and people', () => {
  const kept = [
    'a/LICENSE.md',
    'a/index.js',
    'a/index.cjs',
    'a/package.json',
    'a/data.json',
    'a/lib/browser.js',
  ];
  const dropped = [
    'a/README.md',
    'a/index.d.ts',
    'a/index.js.map',
    'a/src/index.ts',
    'a/dist/browser/index.js',
  ];
  expect([...kept, ...dropped].filter((path) => isNeededAtRuntime(`/app/node_modules/${path}`))).toEqual(
    kept,
  );
});

test('an image starts with the options of every service', () => {
  const starts = [...dockerfile.matchAll(/^ENTRYPOINT (.+)$/gm)].map(([, json = '']): unknown =>
    JSON.parse(json),
  );
  const start = ['/usr/local/bin/node', ...SERVICE_NODE_OPTIONS, '/app/services/cli.js'];
  expect(starts).toEqual([start, start]);
});

test('an image is of this version, and its Node is the one that is tested', () => {
  expect(dockerfile).toMatch(new RegExp(`^ARG VERSION=${VERSION}$`, 'm'));
  const nodes = new Set([...dockerfile.matchAll(/library\/node:([\d.]+)-/g)].map(([, version]) => version));
  expect(nodes).toEqual(new Set(Object.values(optionalDependencies)));
});

describe('the list of what an image is made of', () => {
  const component = (name: string, version: string) => ({ 'bom-ref': `${name}@${version}`, name, version });
  const npmBill = JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    components: [component('ws', '8.23.0'), component('@x/y', '1.0.0'), component('absent', '1.0.0')],
    dependencies: [
      { ref: 'ws@8.23.0', dependsOn: ['@x/y@1.0.0', 'absent@1.0.0'] },
      { ref: 'absent@1.0.0', dependsOn: [] },
    ],
  });
  const note = {
    packages: {
      'node_modules/ws': { version: '8.23.0' },
      'node_modules/ws/node_modules/@x/y': { version: '1.0.0' },
    },
  };
  const libc =
    'Package: libc6\nArchitecture: amd64\nVersion: 2.36-9+deb12u14\nDescription: GNU C\n Version: 1\n';
  const materials = {
    npmBill,
    npmPackages: installedPackages(JSON.stringify(note)),
    debianPackages: [libc],
    nodeVersion: 'v24.21.0',
  };

  test('names what is installed of npm and Debian, and Node, and nothing else', () => {
    const bill: unknown = JSON.parse(billOfMaterials(materials));
    expect(bill).toMatchObject({
      bomFormat: 'CycloneDX',
      components: [
        { name: 'ws', version: '8.23.0' },
        { name: '@x/y', version: '1.0.0' },
        { name: 'node', version: '24.21.0' },
        { purl: 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12' },
      ],
      dependencies: [{ ref: 'ws@8.23.0', dependsOn: ['@x/y@1.0.0'] }],
    });
  });

  test.each([
    ['a package of npm that npm does not name', { npmPackages: new Set(['ws@8.23.0', 'more@1.0.0']) }],
    ['a base of which nothing is known', { debianPackages: [] }],
    ['a package of Debian without a version', { debianPackages: ['Package: libc6\n'] }],
    ['no list of npm', { npmBill: '{}' }],
  ])('is none with %s', (_, wrong) => {
    expect(() => billOfMaterials({ ...materials, ...wrong })).toThrow();
  });
});

function dependenciesOf(image: Image): Record<string, string> {
  const { dependencies: of } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(manifestFor(image, packageText)));
  return of;
}

/** All that is imported from there on. What the image leaves out may only be asked for while it runs. */
function reachedFrom(first: string, isLeftOut: (path: string) => boolean) {
  const files = new Set<string>();
  const packages = new Set<string>();
  const missed: string[] = [];
  const visit = (path: string) => {
    if (files.has(path)) return;
    files.add(path);
    for (const { name, isOnRequest } of importsOf(path)) {
      if (!name.startsWith('.')) packages.add(/^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);
      else {
        const next = relative(root, join(root, dirname(path), name));
        if (!isLeftOut(next)) visit(next);
        else if (!isOnRequest) missed.push(`${path} imports ${next}`);
      }
    }
  };
  visit(first);
  return { files, packages, missed };
}

/** Of the text without types, and so without what only types import. */
function importsOf(path: string) {
  const text = stripTypeScriptTypes(readFileSync(join(root, path), 'utf8'));
  const found = (pattern: RegExp, isOnRequest: boolean) =>
    [...text.matchAll(pattern)].map(([, name = '']) => ({ name, isOnRequest }));
  return [
    ...found(/^(?:import|export)\s(?:[^'";]*\sfrom\s+)?'([^']+)'/gm, false),
    ...found(/\bimport\('([^']+)'\)/g, true),
  ];
}
