// What holds of every document: its links lead somewhere, and the README leads to all of them.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));
const PAGES = readdirSync(join(REPOSITORY, 'docs')).map((page) => `docs/${page}`);
const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'protocol/README.md',
  'ui/README.md',
  'test/README.md',
  ...PAGES,
];

test.each(DOCUMENTS)('every link of %s leads somewhere', (document) => {
  for (const link of linksOf(document)) {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? document : join(dirname(document), path);
    expect(existsSync(join(REPOSITORY, target)), `${link} in ${document}`).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(target), `${link} in ${document}`).toContain(anchor);
  }
});

test('the README leads to every page', () => {
  const led = linksOf('README.md').map((link) => link.split('#')[0]);
  expect(PAGES.filter((page) => !led.includes(page))).toEqual([]);
});

/** Those to other files of ours, and within the document. */
function linksOf(document: string): string[] {
  return [...read(document).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^(https?|mailto):/.test(link));
}

/** As every reader of Markdown makes them of headings. */
function anchorsOf(document: string): string[] {
  return [...read(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

function read(document: string): string {
  return readFileSync(join(REPOSITORY, document), 'utf8');
}
