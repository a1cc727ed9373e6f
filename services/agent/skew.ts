// How far apart the versions of both sides are.

import type { Skew } from '../../protocol/api/settings.ts';

/** By the first number that differs (https://semver.org); null when one of them is no such version. */
export function skewBetween(one: string, other: string): Skew | null {
  const [here, there] = [numbersOf(one), numbersOf(other)];
  if (here === null || there === null) return null;
  if (here.major !== there.major) return 'major';
  if (here.minor !== there.minor) return 'minor';
  return one === other ? 'none' : 'patch';
}

function numbersOf(version: string): { major: string; minor: string } | null {
  const [, major, minor] = /^(\d+)\.(\d+)\.\d+/.exec(version) ?? [];
  return major === undefined || minor === undefined ? null : { major, minor };
}
