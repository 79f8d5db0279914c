/** Which part of a list of rows to try next, when some of them refuse. */
export interface BadRowSearch {
  /** Rows from `from` up to and without `to`; nothing when `from` is the number of rows. */
  readonly next: { readonly from: number; readonly to: number };
  /** That part went through. */
  passed(): void;
  /** That part was refused. When it was one row, it is left out from now on. */
  failed(): void;
}

/**
 * By halves to the first bad row, in about log2 tries. Behind it, parts as long as the last stretch
 * without one was, twice as long after each that goes through: so bad rows that lie together cost
 * one try each.
 */
export function createBadRowSearch(count: number): BadRowSearch {
  let from = 0;
  /** There is a bad row before this; undefined when that is not known. */
  let bound: number | undefined = count;
  let guess = count;
  let lastBad = -1;
  const to = (): number =>
    bound === undefined
      ? Math.min(count, from + guess)
      : from + Math.max(1, Math.floor((bound - from) / 2));
  return {
    get next() {
      return { from, to: from >= count ? count : to() };
    },
    passed() {
      const end = to();
      if (bound === undefined) guess *= 2;
      else if (end >= bound) bound = undefined;
      from = end;
    },
    failed() {
      const end = to();
      if (end - from > 1) {
        bound = end;
        return;
      }
      guess = Math.max(1, from - lastBad - 1);
      lastBad = from;
      bound = undefined;
      from = end;
    },
  };
}
