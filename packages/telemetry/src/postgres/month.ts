/** A month of UTC, counted from the beginning of our era: 2026-03 is 2026 · 12 + 2. */
export type Month = number;

export function monthOf(timeMs: number): Month {
  const date = new Date(timeMs);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** In milliseconds since 1970. */
export function startOf(month: Month): number {
  const date = new Date(0);
  date.setUTCFullYear(Math.floor(month / 12), month % 12, 1); // Date.UTC takes year 50 for 1950
  return date.getTime();
}

/** A bound of a partition may stand here; infinity is as good as any month. */
export function isMonthStart(timeMs: number): boolean {
  return !Number.isFinite(timeMs) || startOf(monthOf(timeMs)) === timeMs;
}

/** As in `2026_03`. */
export function monthSuffix(month: Month): string {
  const year = String(Math.floor(month / 12)).padStart(4, '0');
  return `${year}_${String((month % 12) + 1).padStart(2, '0')}`;
}
