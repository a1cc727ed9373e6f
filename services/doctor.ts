// Owns what `octoporty doctor` says: one line for each check, and the exit code.

/** What one check saw. `advice` says what to do about it. */
export interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'failed' | 'skipped';
  readonly saw: string;
  readonly advice?: string;
}

/** Longer than every deadline inside a check: only a fault of ours runs into it. */
const CHECK_TIMEOUT_MS = 60_000;

/** Codes above 125 mean something else to a shell. */
const MAX_EXIT_CODE = 100;

export function ok(check: string, saw: string): Finding {
  return { check, verdict: 'ok', saw };
}

/** Without advice where what was seen says what to do already. */
export function failed(check: string, saw: string, advice?: string): Finding {
  return { check, verdict: 'failed', saw, ...(advice === undefined ? {} : { advice }) };
}

/** `reason` says what is missing for this check. */
export function skipped(check: string, reason: string): Finding {
  return { check, verdict: 'skipped', saw: reason };
}

/** Runs a check that may hang or break: then that is what it found. */
export async function examine(check: string, run: () => Promise<Finding>): Promise<Finding> {
  const deadline = Promise.withResolvers<Finding>();
  const timer = setTimeout(() => {
    const saw = `not finished within ${CHECK_TIMEOUT_MS / 1000} s`;
    deadline.resolve(failed(check, saw, 'try again; if it stays so, report it with this line'));
  }, CHECK_TIMEOUT_MS);
  try {
    return await Promise.race([run(), deadline.promise]);
  } catch (error) {
    const saw = error instanceof Error ? error.message : String(error);
    return failed(check, saw, 'this check itself failed: report it with this line');
  } finally {
    clearTimeout(timer);
  }
}

/** A configuration that parses, or why it does not: `load` throws a ConfigError, a line that names the variable. */
export function examineConfiguration<Config>(
  check: string,
  load: () => Config,
): {
  readonly finding: Finding;
  readonly config: Config | null;
} {
  try {
    return { finding: ok(check, 'every variable can be read'), config: load() };
  } catch (error) {
    if (!(error instanceof Error && error.name === 'ConfigError')) throw error;
    return {
      finding: failed(check, error.message, 'correct it, or give the doctor the environment of the service'),
      config: null,
    };
  }
}

/** How many checks failed. */
export function exitCodeOf(findings: readonly Finding[]): number {
  return Math.min(findings.filter(({ verdict }) => verdict === 'failed').length, MAX_EXIT_CODE);
}

/** Lines for a person, the checks one below the other. */
export function linesOf(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(
    (finding) => `${WORDS[finding.verdict]} ${finding.check.padEnd(width)}  ${sentenceOf(finding)}\n`,
  );
  return lines.join('') + summaryOf(findings);
}

/** For programs: the same findings, and the count that the exit code is made of. */
export function jsonOf(findings: readonly Finding[]): string {
  const failures = findings.filter(({ verdict }) => verdict === 'failed').length;
  return `${JSON.stringify({ failed: failures, findings }, null, 2)}\n`;
}

const WORDS = { ok: 'ok     ', failed: 'FAILED ', skipped: 'skipped' } as const;

function sentenceOf({ saw, advice }: Finding): string {
  return oneLine(advice === undefined ? saw : `${saw} → ${advice}`);
}

function summaryOf(findings: readonly Finding[]): string {
  const failures = findings.filter(({ verdict }) => verdict === 'failed').length;
  const all = `${findings.length} check${findings.length === 1 ? '' : 's'}`;
  return failures === 0 ? `\n${all}, none failed.\n` : `\n${all}, ${failures} failed.\n`;
}

/** What was seen may come from others: a line stays one line. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
