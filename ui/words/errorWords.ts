// The tunnel's error codes in words: the protocol's own table.

import { describeError, errorCodes } from '../../protocol/errors.ts';

/** A sentence. Whoever shows it shows the code as well: a newer agent may have some that this page does not know. */
export function sayErrorCode(code: string): string {
  const known = errorCodes().find((each) => each === code);
  return known === undefined ? 'It failed in a way that this page does not know.' : describeError(known).says;
}
