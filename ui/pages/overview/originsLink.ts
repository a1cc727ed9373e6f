// The services behind the agent, as the last requests found them.

import { describeError, errorCodes } from '../../../protocol/errors.ts';
import { sayShare } from '../../format/amounts.ts';
import type { Link, Situation } from './chain.ts';
import type { Failure } from './traffic.ts';
import type { Trouble } from './troubles.ts';

/** What to do, where the code's own sentence does not say it. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['origin_refused', "Start the service, or correct the mapping's target."],
  ['origin_dns', "Correct the host of the mapping's target."],
  ['origin_unreachable', 'Check the network between this machine and the service.'],
  [
    'connect_timeout',
    'Check the network between this machine and the service, and that the service is not overloaded.',
  ],
  ['origin_tls', 'If you trust the service, let the mapping allow its certificate.'],
  ['origin_invalid', 'Check whether the service speaks http or https there.'],
  ['origin_forbidden', 'Add its address to OCTOPORTY_ALLOWED_TARGETS of this agent.'],
  ['origin_reset', 'The log of the service says why.'],
  ['head_timeout', 'The service is slow, or hangs: its log says why.'],
]);

export function originsLink({ recent }: Situation): Link {
  const { count, failed, lastFailure } = recent;
  const link = { key: 'origins', name: 'Origins', since: null, figure: null, trouble: null } as const;
  if (count === 0) return { ...link, tone: 'off', label: 'Not asked' };
  const figure = { value: sayShare(failed, count), unit: 'errors' };
  if (failed === 0 || lastFailure === null) return { ...link, tone: 'ok', label: 'Answering', figure };
  const isMost = 2 * failed >= count;
  return {
    ...link,
    tone: isMost ? 'bad' : 'warn',
    label: isMost ? 'Failing' : 'Some fail',
    since: lastFailure.at,
    figure,
    trouble: troubleOf(lastFailure),
  };
}

function troubleOf({ code, statusCode, mappingId }: Failure): Trouble {
  const about = { mappingId, intro: '', to: `/requests?mapping=${mappingId}` };
  const known = errorCodes().find((each) => each === code);
  if (known !== undefined)
    return { ...about, says: describeError(known).says, advice: ADVICE.get(known) ?? '' };
  const says =
    statusCode === null ? 'A request failed.' : `The service answered with the status ${statusCode}.`;
  return { ...about, says, advice: 'The log of the service says why.' };
}
