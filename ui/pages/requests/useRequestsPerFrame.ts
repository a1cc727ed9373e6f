// Live requests, gathered until the next frame: however many come, the page is made anew once for each.

import { onScopeDispose } from 'vue';
import type { RequestsListener } from '../../live/useStatus.ts';
import { useStatus } from '../../live/useStatus.ts';
import type { RequestLogEntry } from '../../../protocol/api/logs.ts';
import { MAX_ROWS } from './requestFeed.ts';

/** Ends with the component. */
export function useRequestsPerFrame(take: RequestsListener): void {
  const { recentRequests } = useStatus();
  let heard: RequestLogEntry[] = [];
  let untold = 0;
  let frame = 0;

  recentRequests.subscribe((items, left) => {
    for (const item of items) heard.push(item);
    untold += left;
    // A page in the background gets no frames.
    if (heard.length > MAX_ROWS) untold += heard.splice(0, heard.length - MAX_ROWS).length;
    if (frame === 0) frame = requestAnimationFrame(tell);
  });
  onScopeDispose(() => cancelAnimationFrame(frame));

  function tell(): void {
    const [items, left] = [heard, untold];
    frame = 0;
    heard = [];
    untold = 0;
    take(items, left);
  }
}
