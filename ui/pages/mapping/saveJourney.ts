// How far a save has come: stored here, sent, accepted by the gateway, served to visitors, with a certificate.

import type { Certificate, MappingView, Route } from '../../../protocol/api/mappings.ts';
import type { Status } from '../../../protocol/api/status.ts';
import { isOnline, wordsOfConnection } from '../../words/connectionWords.ts';
import type { Step, StepState } from './steps.ts';

export interface Save {
  /** As the agent has answered. */
  readonly mapping: MappingView;
  /** Since when it was served before; null when it was not. */
  readonly appliedBefore: string | null;
  /** The first edition that holds this save; null while the hub has not told it. */
  readonly edition: number | null;
}

export interface Standing {
  readonly status: Status | null;
  /** As the hub tells it; null while it does not know the mapping. */
  readonly route: Route | null;
}

/** Where the journey is: what is before has been done, what is after waits. */
interface Place {
  readonly step: number;
  readonly state: StepState;
  readonly says: string;
}

const LABELS = ['Saved', 'Sent to the gateway', 'Accepted by the gateway'];
const [SENT, ACCEPTED, LIVE, CERTIFIED] = [1, 2, 3, 4];

/** The steps of a save; the one that is stuck or has failed says why. */
export function journeySteps(save: Save, standing: Standing): Step[] {
  const { enabled } = save.mapping;
  const hasCertificate = standing.route?.certificate !== undefined;
  const labels = [
    ...LABELS,
    enabled ? 'Live: visitors are led to the target' : 'Switched off: no longer published',
    ...(enabled && hasCertificate ? ['Certificate'] : []),
  ];
  const place = placeOf(save, standing);
  return labels.map((label, index) => {
    if (index < place.step) return { label, state: 'done', says: '' };
    if (index > place.step) return { label, state: 'waiting', says: '' };
    return { label, state: place.state, says: place.says };
  });
}

/** Nothing more will happen by itself. */
export function isArrived(steps: readonly Step[]): boolean {
  return steps.every(({ state }) => state === 'done');
}

function placeOf(save: Save, { status, route }: Standing): Place {
  if (status === null) return busy(SENT);
  if (!isOnline(status.state)) return { step: SENT, state: 'stuck', says: sayOffline(status) };
  // What the hub tells before it has heard of this save is about the mapping as it was.
  if (save.edition === null) return busy(SENT);
  const { ackedRevision, errors } = status.config;
  if (ackedRevision === null || ackedRevision < save.edition) return busy(ACCEPTED);
  const refusal = errors.find(({ id }) => id === save.mapping.id);
  if (refusal !== undefined) return { step: ACCEPTED, state: 'failed', says: refusal.message };
  if (!save.mapping.enabled) return route?.state === 'disabled' ? arrived(LIVE) : busy(LIVE);
  return placeOfRoute(save, route);
}

function placeOfRoute({ appliedBefore }: Save, route: Route | null): Place {
  if (route?.state === 'refused') return { step: LIVE, state: 'failed', says: route.error?.message ?? '' };
  if (route?.state !== 'active') return busy(LIVE);
  if (appliedBefore !== null && route.appliedAt === appliedBefore) return busy(LIVE);
  switch (route.certificate?.state) {
    case undefined:
      return arrived(LIVE);
    case 'issued':
      // Good still; the reason is why it is not renewed.
      return { ...arrived(CERTIFIED), says: route.certificate.reason ?? '' };
    case 'pending':
      return placeOfPending(route.certificate);
    case 'failed':
      return {
        step: CERTIFIED,
        state: 'failed',
        says: route.certificate.reason ?? 'It could not be issued.',
      };
  }
}

function placeOfPending({ reason }: Certificate): Place {
  return reason === undefined
    ? { step: CERTIFIED, state: 'busy', says: 'It is being issued: this may take a minute.' }
    : { step: CERTIFIED, state: 'stuck', says: reason };
}

function busy(step: number): Place {
  return { step, state: 'busy', says: '' };
}

function arrived(step: number): Place {
  return { step, state: 'done', says: '' };
}

function sayOffline({ state, lastError }: Status): string {
  const why = lastError?.message ?? wordsOfConnection(state).says;
  return `There is no tunnel: it is sent as soon as there is one. ${why}`;
}
