// Reads a file that may not be there.

import { readFileSync } from 'node:fs';

/** Its text; null when it is not there. Throws the system's error for anything else. */
export function textIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
