// The clipboard, over plain HTTP too, where browsers keep their newer way to themselves.

/** False when the browser does not allow it. */
export async function copyText(text: string): Promise<boolean> {
  // Absent outside a secure context, whatever the types say.
  if (!('clipboard' in navigator)) return copyBySelection(text);
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  // Beside the focus: a dialog would take it back from anywhere else.
  const focused = document.activeElement;
  (focused?.parentElement ?? document.body).append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way over plain HTTP
  const isCopied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
