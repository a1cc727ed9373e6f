// Minutes that no line of a chart leads to: those before and after had no requests.

/** Their places. */
export function lonely(values: ArrayLike<number | null | undefined>): number[] {
  const hasValue = (index: number): boolean => values[index] !== null && values[index] !== undefined;
  return Array.from({ length: values.length }, (_, index) => index).filter(
    (index) => hasValue(index) && !hasValue(index - 1) && !hasValue(index + 1),
  );
}
