// Every proof of the relay contract is there: README.md names files and titles, and this holds that they exist.

import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Row {
  readonly claim: string;
  /** A test with the groups around it and the case that is meant, outermost first. */
  readonly titles: readonly string[];
  readonly file: string;
}

const rows = rowsUnder('The relay contract');

test('the relay contract names tests that exist', () => {
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.filter(({ file }) => !existsSync(urlOf(file)))).toEqual([]);
  const missing = rows.flatMap(({ titles, file }) => {
    const source = readFileSync(urlOf(file), 'utf8');
    return titles.filter((title) => !isIn(source, title)).map((title) => `${file}: ${title}`);
  });
  expect(missing).toEqual([]);
});

test('every row of the relay contract is whole', () => {
  for (const { claim, titles, file } of rows) {
    expect(claim).toMatch(/^\S.+\.$/);
    expect(titles.join().length).toBeGreaterThan(10);
    expect(file).toMatch(/^[\w/.]+\.test\.ts$/);
  }
});

/** As a whole text of the source, in any quotes. */
function isIn(source: string, title: string): boolean {
  return ["'", '"', '`'].some((quote) => source.includes(quote + title + quote));
}

function urlOf(file: string): URL {
  return new URL(file, import.meta.url);
}

/** The rows of every table below a heading and the smaller headings in it. */
function rowsUnder(heading: string): Row[] {
  const readme = readFileSync(urlOf('README.md'), 'utf8');
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| What holds |'))
    .map((line) => {
      const [claim = '', title = '', file = ''] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
      return { claim, titles: title.split(' › '), file: file.replaceAll('`', '') };
    });
}
