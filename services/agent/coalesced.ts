// A level that is told at a bounded pace: at once, and then no more often than its gap allows.

import { Observable } from 'rxjs';
import type { Clock } from '../../machines/clock.ts';

/**
 * Tells what `read` answers: first on subscription, then after `trigger$` has told, at most once in `gapMs`. The last
 * trigger is never lost, however many come together. With nobody subscribed nothing is read.
 */
export function coalesced<Value>(
  clock: Clock,
  gapMs: number,
  trigger$: Observable<unknown>,
  read: () => Value,
): Observable<Value> {
  return new Observable((subscriber) => {
    let cancelWait: (() => void) | null = null;
    let isDue = false;

    function tellAfter(waitMs: number): void {
      cancelWait = clock.setTimer(waitMs, () => {
        cancelWait = null;
        if (isDue) tell();
      });
    }

    function tell(): void {
      isDue = false;
      tellAfter(gapMs);
      try {
        subscriber.next(read());
      } catch (error) {
        // Thrown in a timer it would be nobody's, and end the process.
        subscriber.error(error);
      }
    }

    tell();
    const following = trigger$.subscribe(() => {
      isDue = true;
      // Not within the trigger's own turn: reading may take long, and whoever triggers has more to do.
      if (cancelWait === null) tellAfter(0);
    });
    return () => {
      following.unsubscribe();
      cancelWait?.();
    };
  });
}
