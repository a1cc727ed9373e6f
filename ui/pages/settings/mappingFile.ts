// A file of mappings: what is read from one, and what is written into one.

import type { MappingFile } from '../../../protocol/api/bulk.ts';
import { sayDate } from '../../format/times.ts';

/** As much as the agent takes. Raised: a file is read that is refused after all. */
export const MAX_FILE_BYTES = 12 * 1024 * 1024;

/** Entries as they are in the file: the agent judges them. */
export type ReadFile = { readonly entries: readonly unknown[] } | { readonly problem: string };

const NO_LIST = 'This file holds no mappings: choose one that was exported here.';

/** Takes `{ "mappings": […] }` as it is exported, and a list alone. */
export function readMappingFile(text: string): ReadFile {
  // Editors of some systems put a byte order mark in front, which JSON does not know.
  const json = text.replace(/^\uFEFF/, '');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { problem: 'This file is no JSON: choose one that was exported here.' };
  }
  const list = typeof value === 'object' && value !== null && 'mappings' in value ? value.mappings : value;
  if (!Array.isArray(list)) return { problem: NO_LIST };
  if (list.length === 0) return { problem: 'There is no mapping in this file.' };
  const entries: readonly unknown[] = list;
  return { entries };
}

export function writeMappingFile(file: MappingFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** By the reader's own day: `octoporty-mappings-2026-01-31.json`. */
export function mappingFileName(atMs: number): string {
  return `octoporty-mappings-${sayDate(atMs)}.json`;
}
