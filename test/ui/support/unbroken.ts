// A sentence as a page says it: between a number and its unit stands a space at which no line ends.

/** `3 min 5 s` and `at most 50 % online` as they are typed, for comparison. */
export function unbroken(typed: string): string {
  return typed.replaceAll(/(?<=\d) (?=(?:B|kB|MB|GB|TB|ms|s|min|h|d|%)(?!\p{L}))/gu, '\u00a0');
}
