// The steps from an empty agent to a service that visitors reach, ticked by what is so.

import type { Status } from '../../../protocol/api/status.ts';
import { isOnline } from '../../words/connectionWords.ts';
import type { Routes } from './chain.ts';
import { onceFor } from './onceFor.ts';

export interface Step {
  readonly key: 'gateway' | 'mapping' | 'route' | 'certificate' | 'request';
  readonly title: string;
  readonly isDone: boolean;
  /** What is to be done, or what stands in the way; of a step that is done nothing is said. */
  readonly says: string;
}

/** `hasServed`: some request was answered by a service, so the way to it was once whole, whatever is broken now. There is a step for certificates only where there are any. */
export function stepsOf(
  { state, lastError }: Pick<Status, 'state' | 'lastError'>,
  routes: Routes,
  hasServed: boolean,
): Step[] {
  const { refusal, hasLive, areAllOff, hasCertificates, isIssued, hindrance } = standingOf(routes);
  const steps: Step[] = [
    {
      key: 'gateway',
      title: 'Gateway reached',
      isDone: hasServed || isOnline(state),
      says: lastError?.message ?? 'The agent is dialling the gateway.',
    },
    {
      key: 'mapping',
      title: 'First mapping',
      isDone: routes.size > 0,
      says: 'Say which public name leads to which service.',
    },
    {
      key: 'route',
      title: 'Route live',
      isDone: hasServed || hasLive,
      says: refusal ?? sayRoute(state, areAllOff),
    },
    {
      key: 'certificate',
      title: 'Certificate issued',
      isDone: isIssued,
      says: hindrance ?? 'It is issued once the name leads to the gateway.',
    },
    {
      key: 'request',
      title: 'First request served',
      isDone: hasServed,
      says: 'Open its public address. If nothing answers there, point its DNS record at the gateway.',
    },
  ];
  return steps.filter(({ key }) => key !== 'certificate' || hasCertificates);
}

export function isAllDone(steps: readonly Step[]): boolean {
  return steps.every(({ isDone }) => isDone);
}

/** What the routes say together: there may be thousands. */
const standingOf = onceFor((routes: Routes) => {
  const all = [...routes.values()];
  const certificates = all.flatMap(({ certificate }) => (certificate === undefined ? [] : [certificate]));
  const hindered =
    certificates.find(({ state }) => state === 'failed') ??
    certificates.find(({ reason }) => reason !== undefined);
  return {
    refusal: all.find(({ state }) => state === 'refused')?.error?.message,
    hasLive: all.some(({ state }) => state === 'active'),
    areAllOff: all.length > 0 && all.every(({ state }) => state === 'disabled'),
    hasCertificates: certificates.length > 0,
    isIssued: certificates.some(({ state }) => state === 'issued'),
    hindrance: hindered?.reason,
  };
});

function sayRoute(state: string, areAllOff: boolean): string {
  if (areAllOff) return 'The mapping is switched off: switch it on.';
  return isOnline(state)
    ? 'The gateway is publishing the name.'
    : 'It is published once the gateway is reached.';
}
