// What differs on either way because each connection is a hop of its own.

import type { Difference } from './comparison.ts';
import { withoutHopByHop, withoutNames } from './lines.ts';
import type { Line } from './messageReader.ts';

/** For a request at the origin and for an answer at the visitor alike. */
export function hopDifferences<View extends { readonly lines: readonly Line[] }>(): Difference<View>[] {
  const withoutCoding = (view: View) => ({ ...view, lines: withoutNames(view.lines, ['transfer-encoding']) });
  return [
    {
      name: 'hop-by-hop lines and those that Connection nominates stop here (RFC 9110 §7.6.1)',
      direct: (view) => ({ ...view, lines: withoutHopByHop(view.lines) }),
      tunnel: (view) => ({ ...view, lines: withoutNames(view.lines, ['connection']) }),
    },
    {
      name: 'the coding of a transfer is each hop’s own (RFC 9112 §6.1)',
      direct: withoutCoding,
      tunnel: withoutCoding,
    },
  ];
}
