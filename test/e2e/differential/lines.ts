// Header lines as the rules on forwarding see them: written down here once more, so that the product cannot agree with itself.

import { membersOf, type Line } from './messageReader.ts';

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'upgrade'];

/** Meant for all recipients, so that no sender may nominate them (RFC 9110 §7.6.1): nominated, they pass nonetheless. */
const FOR_ALL = ['content-length', 'host', 'cache-control', 'authorization', 'cookie', 'via', 'forwarded'];

/** RFC 9110 §6.5.1: framing, routing, and how content is to be read. */
const NO_TRAILERS = [
  'connection',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'host',
  'trailer',
  'content-encoding',
  'content-type',
  'content-range',
];

export function isOneOf(lowerNames: readonly string[]): (line: Line) => boolean {
  return ([name]) => lowerNames.includes(name.toLowerCase());
}

export function withoutNames(lines: readonly Line[], lowerNames: readonly string[]): readonly Line[] {
  const isAny = isOneOf(lowerNames);
  return lines.filter((line) => !isAny(line));
}

/** Without the last line of this name, if its value is as expected. */
export function withoutLast(
  lines: readonly Line[],
  lowerName: string,
  isExpected: (value: string) => boolean,
): readonly Line[] {
  const at = lines.findLastIndex(isOneOf([lowerName]));
  const line = lines[at];
  return line === undefined || !isExpected(line[1]) ? lines : lines.toSpliced(at, 1);
}

/** TE and Transfer-Encoding have rules of their own. */
export function withoutHopByHop(lines: readonly Line[]): readonly Line[] {
  const own = ['te', 'transfer-encoding', ...FOR_ALL];
  const nominated = membersOf(lines, 'connection').filter((name) => !own.includes(name));
  return withoutNames(lines, [...HOP_BY_HOP, ...nominated]);
}

export function withoutForbiddenTrailers(trailers: readonly Line[]): readonly Line[] {
  return withoutNames(trailers, NO_TRAILERS);
}
