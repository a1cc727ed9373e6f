// Where the keyboard's cursor goes in a list.

/** Rows that a page key moves by. */
const PAGE_ROWS = 10;

/** The index that a key leads to; null for a key that leads nowhere. `at` is -1 while there is no cursor. */
export function cursorAfter(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  const to = target(key, at, count);
  return to === null ? null : Math.max(0, Math.min(count - 1, to));
}

function target(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowDown':
      return at + 1;
    case 'ArrowUp':
      return at < 0 ? 0 : at - 1;
    case 'PageDown':
      return at + PAGE_ROWS;
    case 'PageUp':
      return at - PAGE_ROWS;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
