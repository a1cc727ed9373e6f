// What texts are put in order by, as people count: `s2` before `s10`, `ä` beside `a`.

/**
 * Compared by code, keys are in the order of their texts. Made once for each text, thousands are in order several times
 * as soon as a collator, which reads both anew at every comparison, would have them.
 */
export function naturalKey(text: string): string {
  return withoutMarks(text.toLowerCase()).replaceAll(/\d+/g, numberKey);
}

export function compareKeys(one: string | number, other: string | number): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

/** A longer number is a greater one. */
function numberKey(digits: string): string {
  const number = digits.replace(/^0+(?=\d)/, '');
  return String.fromCodePoint('0'.charCodeAt(0) + number.length) + number;
}

function withoutMarks(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : text.normalize('NFKD').replaceAll(/\p{M}/gu, '');
}
