// What was entered and could not be saved, kept in this page's memory by the path of its form: until it is opened again.

import type { MappingDraft } from './mappingDraft.ts';

export interface KeptDraft {
  /** What the form was made from. */
  readonly base: MappingDraft;
  readonly draft: MappingDraft;
}

const kept = new Map<string, KeptDraft>();

export function keepDraft(path: string, draft: KeptDraft): void {
  kept.set(path, draft);
}

/** Null when nothing was kept. It is handed out once. */
export function takeDraft(path: string): KeptDraft | null {
  const draft = kept.get(path) ?? null;
  kept.delete(path);
  return draft;
}
