// What a proof says: one line for each claim, and whether any failed.

let failures = 0;

/** True when no claim has failed so far. */
export function isAllWell(): boolean {
  return failures === 0;
}

export function check(what: string, isTrue: boolean): boolean {
  console.log(`${isTrue ? 'ok  ' : 'FAIL'} ${what}`);
  if (!isTrue) failures += 1;
  return isTrue;
}

export function note(what: string): void {
  console.log(`     ${what}`);
}

/** Durations in a row, and a claim about the longest. */
export function checkWithin(what: string, durationsMs: readonly number[], limitMs: number): void {
  note(`${what}: ${durationsMs.map((ms) => Math.round(ms)).join(', ')} ms`);
  const longest = Math.max(...durationsMs);
  check(
    `${what}: ${durationsMs.length} times, longest ${inSeconds(longest)}, at most ${inSeconds(limitMs)}`,
    durationsMs.length > 0 && longest <= limitMs,
  );
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
