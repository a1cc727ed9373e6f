// What is written by hand of the version is that of package.json: whoever raises one and forgets another hears it here.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VERSION } from '../../services/version.ts';

/** Each file, and how the version is written in it. */
const WRITTEN: readonly (readonly [file: string, how: RegExp])[] = [
  ['deploy/setup.sh', /^readonly VERSION=(\S+)$/gm],
  ['deploy/Dockerfile', /octoporty-(?:gateway|agent):(\S+)|^ARG VERSION=(\S+)$/gm],
  ['deploy/docker-compose.yml', /octoporty-gateway:(\S+)/g],
  ['deploy/docker-compose.agent.yml', /octoporty-agent:(\S+)/g],
  ['deploy/docker-compose.dev.yml', /octoporty-(?:gateway|agent):(\S+)/g],
  ['docs/docker.md', /octoporty-(?:gateway|agent):(\S+)/g],
];

test.each(WRITTEN)('%s speaks of the version of package.json', (file, how) => {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  // Of two ways to write it, one is empty.
  const versions = [...text.matchAll(how)].map((match) => match.slice(1).join(''));
  expect(new Set(versions)).toEqual(new Set([VERSION]));
});
