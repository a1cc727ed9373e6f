// What is written by hand of the version is that of package.json: whoever raises one and forgets another hears it here.

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { VERSION } from '../../services/version.ts';

const ROOT = new URL('../../', import.meta.url);

/** Each file, and how the version is written in it. */
const WRITTEN: readonly (readonly [file: string, how: RegExp])[] = [
  ['deploy/setup.sh', /^readonly VERSION=(\S+)$/gm],
  ['deploy/Dockerfile', /octoporty-(?:gateway|agent):(\S+)|^ARG VERSION=(\S+)$/gm],
  ['deploy/docker-compose.yml', /octoporty-gateway:(\S+)/g],
  ['deploy/docker-compose.agent.yml', /octoporty-agent:(\S+)/g],
  ['deploy/docker-compose.dev.yml', /octoporty-(?:gateway|agent):(\S+)/g],
];

test.each(WRITTEN)('%s speaks of the version of package.json', (file, how) => {
  expect(new Set(versionsIn(file, how))).toEqual(new Set([VERSION]));
});

test('images in documents are those of the version of package.json', () => {
  const pages = readdirSync(new URL('docs', ROOT)).filter((page) => page.endsWith('.md'));
  const versions = pages.flatMap((page) =>
    versionsIn(`docs/${page}`, /octoporty-(?:gateway|agent):(\d\S*)/g),
  );
  expect(new Set(versions)).toEqual(new Set([VERSION]));
});

test('the Node of the images is the one that npm brings where there is none', () => {
  const ofNpm = z.object({ optionalDependencies: z.record(z.string(), z.string()) });
  const text = readFileSync(new URL('package.json', ROOT), 'utf8');
  const { optionalDependencies } = ofNpm.parse(JSON.parse(text));
  const images = versionsIn('deploy/Dockerfile', /^ARG \w+_BASE=\S*\/node:([\d.]+)-\S+$/gm);
  expect(new Set(images)).toEqual(new Set(Object.values(optionalDependencies)));
});

test('each action of a workflow is one commit, with the version it was', () => {
  const workflows = readdirSync(new URL('.github/workflows', ROOT));
  const used = workflows.flatMap((file) =>
    versionsIn(`.github/workflows/${file}`, /\buses: (?!\.\/)(.+)$/gm),
  );
  expect(used.length).toBeGreaterThan(10);
  expect(used.filter((action) => !/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([]);
  const names = used.map((action) => action.split('@')[0]);
  expect(new Set(used).size).toBe(new Set(names).size);
});

function versionsIn(file: string, how: RegExp): string[] {
  const text = readFileSync(new URL(file, ROOT), 'utf8');
  // Of two ways to write it, one is empty.
  return [...text.matchAll(how)].map((match) => match.slice(1).join(''));
}
