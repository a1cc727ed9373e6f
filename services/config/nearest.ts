// Owns what somebody may have meant by a name that is not there.

/**
 * The known name that is the fewest letters away; undefined when that has none of them. Case, "-", "_" and our prefix do
 * not count.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const best = ranked(name, known)[0];
  return best === undefined || best.steps >= bare(best.each).length ? undefined : best.each;
}

/** How many letters of a name may be others, of each hundred. Raised: names that mean something else are taken for ours. */
const MISSED_PERCENT = 25;

/** The same where it is so near that hardly anything else was meant. */
export function nearMiss(name: string, known: readonly string[]): string | undefined {
  const best = ranked(name, known)[0];
  if (best === undefined) return undefined;
  return best.steps * 100 <= bare(best.each).length * MISSED_PERCENT ? best.each : undefined;
}

function ranked(name: string, known: readonly string[]): { readonly each: string; readonly steps: number }[] {
  const meant = bare(name);
  return known
    .map((each) => ({ each, steps: distance(meant, bare(each)) }))
    .sort((a, b) => a.steps - b.steps);
}

function bare(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/^octoporty/, '');
}

/** Letters to add, drop, change or exchange with the next one (Levenshtein's distance with neighbours exchanged). */
function distance(from: string, to: string): number {
  const letters = Array.from(to);
  let before: number[] = [];
  let row = Array.from({ length: letters.length + 1 }, (_, column) => column);
  let last = '';
  for (const [line, letter] of Array.from(from).entries()) {
    const next = [line + 1];
    for (const [column, above] of row.slice(1).entries()) {
      const changed = (row[column] ?? 0) + (letter === letters[column] ? 0 : 1);
      const isExchanged = column > 0 && letter === letters[column - 1] && last === letters[column];
      const exchanged = isExchanged ? (before[column - 1] ?? 0) + 1 : Infinity;
      next.push(Math.min(changed, exchanged, above + 1, (next[column] ?? 0) + 1));
    }
    before = row;
    row = next;
    last = letter;
  }
  return row.at(-1) ?? 0;
}
