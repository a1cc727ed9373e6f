// Tells in the log which names the gateway refuses this agent, and which of them it takes after all.

import type { Observable, Subscription } from 'rxjs';
import type { Refusal } from '../../machines/configSync.ts';
import type { Log } from '../log.ts';
import { describeError } from '../../protocol/errors.ts';

/**
 * `refusals$` is a level: what the gateway refuses now, whatever was told before. `domainOf` answers undefined for a
 * mapping that is not published any more, of which there is nothing to tell.
 */
export function logRefusals(
  refusals$: Observable<readonly Refusal[]>,
  domainOf: (mappingId: string) => string | undefined,
  log: Pick<Log, 'info' | 'warn'>,
): Subscription {
  let told = new Map<string, Refusal['code']>();
  return refusals$.subscribe((refusals) => {
    const now = new Map(refusals.map(({ id, code }) => [id, code]));
    for (const [mapping, code] of now) {
      if (told.get(mapping) === code) continue;
      log.warn({ mapping, domain: domainOf(mapping), code }, describeError(code).says);
    }
    for (const mapping of told.keys()) {
      const domain = domainOf(mapping);
      if (domain !== undefined && !now.has(mapping))
        log.info({ mapping, domain }, 'The gateway publishes this name now.');
    }
    told = now;
  });
}
