// Owns how `octoporty config` says what it found: lines for a person, or JSON for programs.

import { problemCount, type Report, type Row } from './report.ts';

/** A longer value moves only its own source. Raised: one long value moves all sources far to the right. */
const MAX_VALUE_WIDTH = 44;

/** Key, value and source below each other, and what is wrong below its setting. */
export function linesOfReport(report: Report): string {
  const { service, file, rows, problems, notes } = report;
  const keyWidth = Math.max(...rows.map(({ key }) => key.length));
  const valueWidths = rows.map((row) => wordsOfValue(row).length).filter((width) => width <= MAX_VALUE_WIDTH);
  const valueWidth = Math.max(...valueWidths);
  const lines = rows.flatMap((row) => [
    `${row.key.padEnd(keyWidth)}  ${wordsOfValue(row).padEnd(valueWidth)}  ${row.source ?? 'default'}`,
    ...row.problems.map((says) => `${' '.repeat(keyWidth)}  → ${oneLine(says)}`),
  ]);
  const read = file === null ? 'no configuration file' : `configuration file ${file}`;
  const wrong = problems.map((says) => `→ ${oneLine(says)}`);
  const noted = notes.map((says) => `Note: ${says}`);
  return `${[`${service}: ${read}`, ...wrong, ...noted, '', ...lines, '', summaryOf(report)].join('\n')}\n`;
}

/** The same for programs, with the count that the exit code is made of. */
export function jsonOfReport(report: Report): string {
  const { service, file, rows, problems, notes } = report;
  const settings = rows.map(({ unset: _, ...row }) => ({ ...row, isSet: row.source !== null }));
  return `${JSON.stringify({ service, file, problemCount: problemCount(report), problems, notes, settings }, null, 2)}\n`;
}

/** What stands in the middle: the value, or in brackets what holds without one. */
function wordsOfValue({ value, source, unset }: Row): string {
  if (value === null && source !== null) return 'set (hidden)';
  if (value === null || (value === '' && source === null)) return `(${plain(unset ?? 'not set')})`;
  if (value === '') return '(none)';
  // What a terminal would not print as it is, or would obey.
  return /[\p{C}]/u.test(value) ? JSON.stringify(value) : value;
}

function summaryOf(report: Report): string {
  const count = problemCount(report);
  if (count === 0) return 'Nothing is wrong.';
  return count === 1 ? 'One thing is wrong.' : `${count} things are wrong.`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** Without the marks of a page. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}
