// The steps from an empty agent to a service that visitors reach, ticked by what is so.

import type { Route } from '../../../protocol/api/mappings.ts';
import type { Status } from '../../../protocol/api/status.ts';
import { isOnline } from '../../words/connectionWords.ts';
import type { Routes } from './chain.ts';

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
  const all = [...routes.values()];
  const refused = all.find((route) => route.state === 'refused');
  const certificates = all.flatMap(({ certificate }) => (certificate === undefined ? [] : [certificate]));
  const hindered =
    certificates.find((certificate) => certificate.state === 'failed') ??
    certificates.find((certificate) => certificate.reason !== undefined);
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
      isDone: all.length > 0,
      says: 'Say which public name leads to which service.',
    },
    {
      key: 'route',
      title: 'Route live',
      isDone: hasServed || all.some((route) => route.state === 'active'),
      says: refused?.error?.message ?? sayRoute(state, all),
    },
    {
      key: 'certificate',
      title: 'Certificate issued',
      isDone: certificates.some((certificate) => certificate.state === 'issued'),
      says: hindered?.reason ?? 'It is issued once the name leads to the gateway.',
    },
    {
      key: 'request',
      title: 'First request served',
      isDone: hasServed,
      says: 'Point the DNS record of the name at the gateway, then open its public address.',
    },
  ];
  return steps.filter(({ key }) => key !== 'certificate' || certificates.length > 0);
}

export function isAllDone(steps: readonly Step[]): boolean {
  return steps.every(({ isDone }) => isDone);
}

function sayRoute(state: string, routes: readonly Route[]): string {
  if (routes.length > 0 && routes.every((route) => route.state === 'disabled'))
    return 'The mapping is switched off: switch it on.';
  return isOnline(state)
    ? 'The gateway is publishing the name.'
    : 'It is published once the gateway is reached.';
}
