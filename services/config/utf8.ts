// Owns how the bytes of a file become text.

/** With a byte order mark where there is one. Null where it is no UTF-8: replaced bytes would make one secret of many. */
export function utf8Of(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
