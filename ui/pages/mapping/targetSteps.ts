// The steps of a target test, as its one answer tells them.

import type { TargetStage, TargetTest } from '../../../protocol/api/targetTest.ts';
import { sayMs } from '../../format/amounts.ts';
import type { Step } from './steps.ts';
import { isAddress, type TargetFields } from './targetUrl.ts';

type Target = Pick<TargetFields, 'internalHost' | 'internalProtocol'>;

const LABELS: Readonly<Record<TargetStage, string>> = {
  dns: 'Find the host',
  connect: 'Connect',
  tls: 'Agree on TLS',
  http: 'Get an answer',
};

/** `test` is null while it runs. */
export function targetSteps({ internalHost, internalProtocol }: Target, test: TargetTest | null): Step[] {
  const stages: TargetStage[] = [
    'dns',
    'connect',
    ...(internalProtocol === 'https' ? ['tls' as const] : []),
    'http',
  ];
  const reached = test === null ? 0 : stages.indexOf(test.stage);
  return stages.map((stage, index) => {
    const label = LABELS[stage];
    if (stage === 'dns' && isAddress(internalHost))
      return { label, state: 'skipped', says: 'It is an address: there is no name to look up.' };
    if (test === null) return { label, state: 'busy', says: '' };
    if (index < reached) return { label, state: 'done', says: '' };
    if (index > reached) return { label, state: 'skipped', says: 'Not tried.' };
    return test.ok
      ? { label, state: 'done', says: `${test.message} It took ${sayMs(test.durationMs)}.` }
      : { label, state: 'failed', says: test.message };
  });
}
