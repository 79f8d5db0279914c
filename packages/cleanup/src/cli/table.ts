import { plainText } from './plain-text.ts';

/** A column of a table, by its head; numbers stand at its right. */
export interface Column {
  readonly head: string;
  readonly isNumber?: boolean | undefined;
}

/**
 * Columns as wide as their widest cell, two spaces apart; those that are empty everywhere are left out.
 * Where that is wider than `width`, each row is a list of its own: lines that wrap are no table.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number = Number.POSITIVE_INFINITY,
): readonly string[] {
  const used = columns.flatMap((column, at) =>
    rows.some((row) => (row[at] ?? '') !== '') ? [{ ...column, at }] : [],
  );
  const all = [columns.map(({ head }) => head), ...rows].map((row) =>
    used.map(({ at }) => plainText(row[at] ?? '')),
  );
  const widths = used.map((_, at) => Math.max(...all.map((row) => widthOf(row[at] ?? ''))));
  const total = widths.reduce((sum, each) => sum + each, 2 * (widths.length - 1));
  if (total > width) return recordLines(all);
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

/** The first cell is the name of a row. */
function recordLines([heads = [], ...rows]: readonly (readonly string[])[]): readonly string[] {
  const width = Math.max(...heads.map(widthOf));
  return rows.flatMap(([name = '', ...cells], at) => [
    ...(at === 0 ? [] : ['']),
    name,
    ...cells.flatMap((cell, index) =>
      cell === '' ? [] : [`  ${(heads[index + 1] ?? '').padEnd(width)}  ${cell}`],
    ),
  ]);
}

function widthOf(text: string): number {
  return Array.from(text).length;
}
