import type { Measured } from './measure.ts';

/** All that was measured, a round at a time. */
export type Rounds = ReadonlyMap<string, readonly Measured[]>;

/**
 * Of the application's writes and reads together, in milliseconds; those of expired rows have a
 * figure of their own.
 */
export function p95(phases: readonly ('before' | 'during' | 'after')[]): (one: Measured) => number {
  return ({ load }) => {
    const times = phases.flatMap((phase) => {
      const { write = [], read = [] } = load?.[phase] ?? {};
      return [...write, ...read];
    });
    times.sort((one, other) => one - other);
    return times[Math.floor(times.length * 0.95)] ?? Number.NaN;
  };
}

/** Milliseconds that the application waited at worst for a change of an expired row. */
export function longestTouch({ load }: Measured): number {
  return Math.max(...(load?.['during']?.['touch'] ?? [Number.NaN]));
}

/** Round by round, then the median of them. */
export function ratioOf(
  own: readonly Measured[],
  beside: readonly Measured[],
  of: (one: Measured) => number,
): number {
  return median(
    own.flatMap((one, at) => {
      const other = beside[at];
      return other === undefined ? [] : [of(one) / of(other)];
    }),
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}
