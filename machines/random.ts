// Randomness as machines see it: one port, so that a seed can decide everything.

export interface Random {
  bytes(count: number): Uint8Array;
}

/** Evenly spread in [0, 1). */
export function fraction(random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 0x1_0000_0000;
}

/** `count` random bytes in base64url. */
export function randomText(random: Random, count: number): string {
  return Buffer.from(random.bytes(count)).toString('base64url');
}
