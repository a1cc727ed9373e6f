// An answer that is waited for only so long. It may still come: then nobody hears it here any more.

import type { Clock } from '../../machines/clock.ts';

/** Settles as `asked` does, or rejects with what `late` makes after `patienceMs`. */
export function withinPatience<Answer>(
  asked: Promise<Answer>,
  clock: Pick<Clock, 'setTimer'>,
  patienceMs: number,
  late: () => Error,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(patienceMs, () => reject(late()));
    asked.then(resolve, reject).finally(cancel);
  });
}
