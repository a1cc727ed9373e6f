// Whether somebody is at this page: what it reads by itself is no use of the login, and keeps nobody logged in.

/** What a page reads so long after a touch comes of it still. Raised: a page that is left behind is logged in for longer. */
const ATTENDED_MS = 60_000;

/** What only people do. A pointer that rests is moved by browsers when the page moves under it. */
const TOUCHES = ['pointerdown', 'keydown', 'wheel'] as const;

/** By the page's own clock. Whoever opens a page is there. */
let touchedMs = performance.now();

export function isAttended(): boolean {
  return performance.now() - touchedMs < ATTENDED_MS;
}

/** Once, at the start. */
export function watchAttendance(page: Pick<EventTarget, 'addEventListener'>): void {
  const note = () => (touchedMs = performance.now());
  for (const touch of TOUCHES) page.addEventListener(touch, note, { capture: true, passive: true });
}
