// What holds of every document: its links lead somewhere, the README leads to all of them, and what is quoted is what we say.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { describeProblem, problemCodes } from '../protocol/api/problem.ts';
import { describeError, errorCodes } from '../protocol/errors.ts';

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

/** What the page on troubles quotes of other programs. */
const SAID_BY_OTHERS = ['Blocked request. This host'];

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

test('whoever looks for the sentence or the code that they see finds it as it is said', () => {
  const page = read('docs/troubleshooting.md');
  const said = [
    ...errorCodes().map((code) => describeError(code).says),
    ...problemCodes().map((code) => describeProblem(code).title),
    ...SAID_BY_OTHERS,
  ];
  const quoted = [...page.matchAll(/"([A-Z][^"\n]*)"(?= \||[,;])/g)].map(([, quote = '']) => quote);
  expect(quoted.length).toBeGreaterThan(SAID_BY_OTHERS.length);
  expect(quoted.filter((quote) => !said.some((sentence) => sentence.startsWith(quote)))).toEqual([]);
  const named = [...page.matchAll(/`([a-z]+_[a-z_]+)`/g)].map(([, code = '']) => code);
  expect(named).toContain('unknown_host');
  expect(named.filter((code) => !errorCodes().some((known) => known === code))).toEqual([]);
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
