// Owns what somebody may have meant by a name that is not there.

/**
 * The known name that is the fewest letters away; undefined when that has none of them. Case, "-", "_" and our prefix do
 * not count.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const meant = bare(name);
  const ranked = known.map((each) => ({ each, steps: distance(meant, bare(each)) }));
  const [best] = ranked.sort((a, b) => a.steps - b.steps);
  return best === undefined || best.steps >= bare(best.each).length ? undefined : best.each;
}

function bare(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/^octoporty/, '');
}

/** Letters to add, drop or change (Levenshtein's distance). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [line, letter] of Array.from(from).entries()) {
    const next = [line + 1];
    for (const [column, above] of row.slice(1).entries()) {
      const changed = (row[column] ?? 0) + (letter === to[column] ? 0 : 1);
      next.push(Math.min(changed, above + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
