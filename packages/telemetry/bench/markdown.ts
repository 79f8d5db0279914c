/** One part of the report. */
export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
  /** Everything that was measured. */
  readonly raw: unknown;
}

/** @param columns with a colon at the end where they are to be aligned to the right. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(columns.map((column) => column.replace(/:$/, ''))),
    line(columns.map((column) => (column.endsWith(':') ? '---:' : '---'))),
    ...rows.map(line),
  ];
}

/** A line that sets what was measured beside what was aimed at, both as they are shown. */
export function verdict(what: string, sign: '≤' | '≥', limit: string, measured: number): string {
  const bound = Number.parseFloat(limit);
  const unit = limit.replace(/^[\d.]+/, '');
  const isMet = sign === '≤' ? measured <= bound : measured >= bound;
  const shown = Number.isInteger(measured) ? String(measured) : measured.toFixed(2);
  return `- ${what}: target ${sign} ${limit}, measured ${shown}${unit}, ${isMet ? 'met' : '**missed**'}.`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}

/** The median, and in parentheses the least and the greatest. */
export function spread(values: readonly number[], digits: number): string {
  if (values.length === 0) return '';
  const [low, middle, high] = [Math.min(...values), median(values), Math.max(...values)].map(
    (value) => value.toFixed(digits),
  );
  return `${middle} (${low}–${high})`;
}
