// The tunnel's error codes in words: the protocol's own table.

import { describeError, errorCodes } from '../../protocol/errors.ts';

/** A sentence; a code that this page does not know, of a newer agent, is shown as it is. */
export function sayErrorCode(code: string): string {
  const known = errorCodes().find((each) => each === code);
  return known === undefined ? `Failed with the code ${code}.` : describeError(known).says;
}
