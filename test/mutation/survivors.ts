// Owns how the list of accepted survivors is read: survivors.md, one table row for each.

import { nameOf } from './mutant.ts';

export interface Survivor {
  readonly file: string;
  readonly code: string;
  readonly change: string;
  readonly reason: string;
}

/** The rows of the table: file, code, change, reason. A bar inside a cell is written `\|`. */
export function parseSurvivors(text: string): Survivor[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
      const [, file = '', code = '', change = '', reason = ''] = cells;
      if (reason === '') throw new Error(`a survivor without a reason: ${line}`);
      return { file: bare(file), code: bare(code), change: bare(change), reason };
    });
}

/** The row for a survivor whose reason is still to be found. */
export function rowOf({ file, code, change }: Omit<Survivor, 'reason'>): string {
  const cells = [file, code, change].map((cell) => fence(cell).replaceAll('|', '\\|'));
  return `| ${cells.join(' | ')} |  |`;
}

export function isAccepted(mutant: Omit<Survivor, 'reason'>, survivors: readonly Survivor[]): boolean {
  return survivors.some((survivor) => nameOf(survivor) === nameOf(mutant));
}

/** Code may hold backticks: then its fence is two, with blanks. */
function fence(code: string): string {
  return code.includes('`') ? `\`\` ${code} \`\`` : `\`${code}\``;
}

function bare(cell: string): string {
  return /^`` (.*) ``$/.exec(cell)?.[1] ?? cell.replace(/^`(.*)`$/, '$1');
}
