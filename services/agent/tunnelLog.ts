// Tells in the log how the tunnel comes, goes and fails: one line for each state that a person would want to know about.

import { distinctUntilKeyChanged, pairwise, startWith, type Observable, type Subscription } from 'rxjs';
import type { Log } from '../log.ts';
import { describeError } from '../../protocol/errors.ts';
import { isOnlineState, type UplinkStatus } from './uplink.ts';

/** What of the status counts here. */
export type ToldStatus = Pick<UplinkStatus, 'state' | 'attempt' | 'lastError'> & {
  readonly gateway: Pick<UplinkStatus['gateway'], 'version'>;
};

export function logTunnel(
  status$: Observable<ToldStatus>,
  log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>,
): Subscription {
  return status$
    .pipe(distinctUntilKeyChanged('state'), startWith(null), pairwise())
    .subscribe(([before, now]) => {
      if (now === null) return;
      const { state, attempt, lastError, gateway } = now;
      // The pause after a refusal ends in one that is shorter, for the same error.
      const isNews = lastError !== null && lastError !== before?.lastError;
      if (isOnlineState(state)) log.info({ state, gatewayVersion: gateway.version }, 'The tunnel is online.');
      else if (state === 'rejected' && isNews)
        log.error({ ...lastError, attempt }, describeError(lastError.code).says);
      else if (state === 'waiting' && isNews)
        log.warn({ ...lastError, attempt }, describeError(lastError.code).says);
      else log.debug({ state, attempt }, 'The tunnel moves on.');
    });
}
