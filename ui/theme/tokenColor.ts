// A token's colour as the browser computes it now, for what is drawn on a canvas and reads no CSS.

/** `tokenColor('accent')` is `rgb(…)` of the theme in force; ask again when the theme changes. */
export function tokenColor(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--color-${name})`;
  probe.hidden = true;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
