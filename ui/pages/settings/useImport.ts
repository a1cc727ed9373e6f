// An import from the choice of a file to its result: looked at first, and again whenever what it meets is another.

import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue';
import type { ImportResult } from '../../../protocol/api/bulk.ts';
import { importMappings } from '../../api/bulk.ts';
import { ApiProblem, sayError } from '../../api/request.ts';
import { sayBytes } from '../../format/amounts.ts';
import { browserClock } from '../../live/browserClock.ts';
import { useStatus } from '../../live/useStatus.ts';
import { withoutRefused } from './importView.ts';
import { MAX_FILE_BYTES, readMappingFile } from './mappingFile.ts';

/** Every edit of a mapping may change what an import would do. Lowered: a whole file is sent so often while others edit. */
const LOOK_GAP_MS = 3_000;

export interface ChosenFile {
  readonly name: string;
  readonly entries: readonly unknown[];
}

export interface Importing {
  /** Null: none is chosen. */
  readonly file: ShallowRef<ChosenFile | null>;
  /** What it would change; null as long as that is not known. */
  readonly plan: ShallowRef<ImportResult | null>;
  /** What it has changed. */
  readonly result: ShallowRef<ImportResult | null>;
  /** What went wrong last, for a person; empty while all is well. */
  readonly failure: ShallowRef<string>;
  readonly isLooking: ShallowRef<boolean>;
  readonly isImporting: ShallowRef<boolean>;
  /** Mappings that are not in the file are deleted. */
  readonly removeOthers: ShallowRef<boolean>;
  readonly choose: (file: File) => Promise<void>;
  readonly leaveOutRefused: () => void;
  /** Looks once more what it would change. */
  readonly look: () => Promise<void>;
  readonly carryOut: () => Promise<void>;
  /** Back to the choice of a file. */
  readonly forget: () => void;
}

export function useImport(): Importing {
  const { edition } = useStatus();
  const file = shallowRef<ChosenFile | null>(null);
  const plan = shallowRef<ImportResult | null>(null);
  const result = shallowRef<ImportResult | null>(null);
  const failure = shallowRef('');
  const isLooking = shallowRef(false);
  const isImporting = shallowRef(false);
  const removeOthers = shallowRef(false);
  /** Of the newest look or choice: what comes back for an older one is nobody's any more. */
  let turn = 0;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let cancelLook: (() => void) | null = null;

  function forget(): void {
    turn += 1;
    file.value = plan.value = result.value = null;
    failure.value = '';
    isLooking.value = removeOthers.value = false;
  }

  async function choose(chosen: File): Promise<void> {
    forget();
    const mine = turn;
    const read = await readChosen(chosen);
    if (mine !== turn) return;
    if ('problem' in read) failure.value = `${chosen.name}: ${read.problem}`;
    else file.value = { name: chosen.name, entries: read.entries };
  }

  async function look(): Promise<void> {
    turn += 1;
    const mine = turn;
    if (file.value === null) return;
    lookedAtMs = browserClock.wallMs();
    isLooking.value = true;
    try {
      const found = await importMappings(bodyOf(file.value, true));
      if (mine !== turn) return;
      plan.value = found;
      failure.value = '';
    } catch (thrown) {
      if (mine !== turn) return;
      plan.value = null;
      failure.value = sayError(thrown);
    }
    isLooking.value = false;
  }

  /** One at a time, and one for all that has happened meanwhile. */
  function lookSoon(): void {
    if (cancelLook !== null || file.value === null) return;
    const waitMs = Math.max(0, lookedAtMs + LOOK_GAP_MS - browserClock.wallMs());
    cancelLook = browserClock.setTimer(isLooking.value ? LOOK_GAP_MS : waitMs, () => {
      cancelLook = null;
      if (isLooking.value) lookSoon();
      else if (isOpen()) void look();
    });
  }

  function isOpen(): boolean {
    return !isImporting.value && result.value === null;
  }

  async function carryOut(): Promise<void> {
    if (file.value === null || isImporting.value) return;
    turn += 1;
    isLooking.value = false;
    isImporting.value = true;
    try {
      result.value = await importMappings(bodyOf(file.value, false));
    } catch (thrown) {
      if (hasMoved(thrown)) await look();
      failure.value = sayFailure(thrown);
    }
    isImporting.value = false;
  }

  function bodyOf({ entries }: ChosenFile, dryRun: boolean) {
    return { mappings: [...entries], dryRun, removeOthers: removeOthers.value };
  }

  function leaveOutRefused(): void {
    if (file.value === null || plan.value === null) return;
    // What is left out would count as not in the file.
    removeOthers.value = false;
    file.value = { ...file.value, entries: withoutRefused(file.value.entries, plan.value.refused) };
  }

  watch([file, removeOthers], () => {
    if (isOpen()) void look();
  });
  watch(edition, lookSoon);
  onScopeDispose(() => {
    turn += 1;
    cancelLook?.();
  });
  return {
    ...{ file, plan, result, failure, isLooking, isImporting, removeOthers },
    ...{ choose, leaveOutRefused, look, carryOut, forget },
  };
}

async function readChosen(file: File): Promise<ReturnType<typeof readMappingFile>> {
  if (file.size > MAX_FILE_BYTES)
    return { problem: `It is larger than ${sayBytes(MAX_FILE_BYTES)}: such a file is no list of mappings.` };
  try {
    return readMappingFile(await file.text());
  } catch {
    return { problem: 'It cannot be read: choose it again.' };
  }
}

/** What was looked at is not what is there by now. */
function hasMoved(thrown: unknown): boolean {
  return thrown instanceof ApiProblem && ['stale', 'invalid', 'duplicate'].includes(thrown.code);
}

function sayFailure(thrown: unknown): string {
  return hasMoved(thrown)
    ? 'Nothing was imported: mappings were edited meanwhile. Look at what would change now.'
    : `It is not imported. ${sayError(thrown)}`;
}
