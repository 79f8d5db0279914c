type Row = Readonly<Record<string, unknown>>;

/**
 * The largest relative difference of two answers, of each column.
 *
 * @throws Error when it is more than `accuracy`, or when anything but a figure differs.
 */
export function differenceOf(
  name: string,
  raw: readonly Row[],
  other: readonly Row[],
  accuracy: number,
): ReadonlyMap<string, number> {
  if (raw.length === 0 || raw.length !== other.length) {
    throw new Error(`${name}: ${raw.length} rows from raw, ${other.length} from the rollup`);
  }
  const largest = new Map<string, number>();
  raw.forEach((row, at) => {
    for (const [column, value] of Object.entries(row)) {
      const found = other[at]?.[column];
      const difference =
        typeof value === 'number' && typeof found === 'number'
          ? Math.abs(found - value) / Math.max(1, Math.abs(value))
          : String(value) === String(found)
            ? 0
            : Infinity;
      if (difference > accuracy) {
        throw new Error(`${name}: row ${at}, ${column}: ${String(value)}, not ${String(found)}`);
      }
      largest.set(column, Math.max(largest.get(column) ?? 0, difference));
    }
  });
  return largest;
}
