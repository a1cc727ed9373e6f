// Numbers as people read them: bytes, durations, counts, shares.

/** No end of a line parts them: alone, the one says nothing and the other misleads. */
export function sayAmount(amount: number | string, unit: string): string {
  return `${amount}\u00a0${unit}`;
}

/** `1.4 kB`, `17 MB`: decimal, three digits at most. */
export function sayBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let amount = bytes;
  let unit = 0;
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return sayAmount(unit === 0 ? amount : threeDigits(amount), units[unit] ?? '');
}

/** `0.4 ms`, `18 ms`, `1.25 s`, `3 min 5 s`. */
export function sayMs(ms: number): string {
  if (ms < 9.95) return sayAmount(ms.toFixed(1), 'ms');
  if (ms < 999.5) return sayAmount(Math.round(ms), 'ms');
  if (ms < 59_950) return sayAmount(threeDigits(ms / 1000), 's');
  return sayDuration(ms);
}

/** The two largest parts: `3 min 5 s`, `2 h 10 min`, `5 d 1 h`. */
export function sayDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [
    { amount: Math.floor(seconds / 86_400), unit: 'd' },
    { amount: Math.floor(seconds / 3600) % 24, unit: 'h' },
    { amount: Math.floor(seconds / 60) % 60, unit: 'min' },
    { amount: seconds % 60, unit: 's' },
  ];
  const first = parts.findIndex(({ amount }) => amount > 0);
  if (first < 0) return sayAmount(0, 's');
  return parts
    .slice(first, first + 2)
    .filter(({ amount }) => amount > 0)
    .map(({ amount, unit }) => sayAmount(amount, unit))
    .join(' ');
}

/** `12,345`. */
export function sayCount(count: number): string {
  return count.toLocaleString('en');
}

/** `1 mapping`, `2 mappings`. */
export function sayCountOf(count: number, one: string, many = `${one}s`): string {
  return `${sayCount(count)} ${count === 1 ? one : many}`;
}

/** `0.4 %`, `12 %`; of nothing it is 0. */
export function sayShare(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (100 * part) / whole;
  return sayAmount(percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent), '%');
}

function threeDigits(amount: number): string {
  return amount.toFixed(amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0);
}
