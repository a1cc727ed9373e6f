// Hands a text to the browser as a download.

import { browserClock } from '../../live/browserClock.ts';

/** A browser has begun to read it by then. Lowered: some save an empty file. */
const KEPT_MS = 10_000;

export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  browserClock.setTimer(KEPT_MS, () => URL.revokeObjectURL(url));
}
