import { type Line, plainText, type Styled, styled, widthOf } from './line.ts';

type Cell = string | Styled;

/** Columns as wide as their widest cell, two spaces between them, two before. Empty columns are left out. */
export function tableLines(head: readonly string[], rows: readonly (readonly Cell[])[]): Line[] {
  const used = head.flatMap((_, at) => (rows.some((row) => textOf(row[at]) !== '') ? [at] : []));
  const all: (readonly Cell[])[] = [head.map((title) => styled('dim', title)), ...rows];
  const widths = used.map((at) => Math.max(...all.map((row) => widthOf(textOf(row[at])))));
  return all.map((row) =>
    used.flatMap((at, place): Cell[] => {
      const cell = row[at] ?? '';
      const isLast = place === used.length - 1;
      const gap = ' '.repeat((widths[place] ?? 0) - widthOf(textOf(cell)));
      return ['  ', cell, isLast ? '' : gap];
    }),
  );
}

function textOf(cell: Cell | undefined): string {
  return cell === undefined ? '' : plainText([cell]);
}
