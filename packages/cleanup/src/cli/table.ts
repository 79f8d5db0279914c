import { plainText } from './plain-text.ts';

/** A column of a table, by its head; numbers stand at its right. */
export interface Column {
  readonly head: string;
  readonly isNumber?: boolean | undefined;
}

/** Columns as wide as their widest cell, two spaces apart; those that are empty everywhere are left out. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const used = columns.flatMap((column, at) =>
    rows.some((row) => (row[at] ?? '') !== '') ? [{ ...column, at }] : [],
  );
  const all = [columns.map(({ head }) => head), ...rows].map((row) =>
    used.map(({ at }) => plainText(row[at] ?? '')),
  );
  const widths = used.map((_, at) => Math.max(...all.map((row) => widthOf(row[at] ?? ''))));
  return all.map((row) =>
    row
      .map((cell, at) => {
        const space = ' '.repeat((widths[at] ?? 0) - widthOf(cell));
        return used[at]?.isNumber === true ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd(),
  );
}

function widthOf(text: string): number {
  return Array.from(text).length;
}
