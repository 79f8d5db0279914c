/** Where a range partition ends, on the first column of its key. */
export interface UpperBound {
  /** Text of the value; undefined for MAXVALUE. */
  readonly value: string | undefined;
  /** Rows may have this very value: further columns of the key decide. */
  readonly isInclusive: boolean;
}

const ITEM = /E?'((?:[^']|'')*)'|[^,()']+/y;

/**
 * Reads the upper bound out of what `pg_get_expr(relpartbound)` says; undefined when it is no range,
 * such as DEFAULT or a list. Not by searching for " TO (", which a text value in it may hold, too.
 */
export function upperBoundIn(bound: string): UpperBound | undefined {
  const from = 'FOR VALUES FROM (';
  if (!bound.startsWith(from)) return undefined;
  const lower = itemsAt(bound, from.length);
  if (!lower || !bound.startsWith(' TO (', lower.end)) return undefined;
  const upper = itemsAt(bound, lower.end + ' TO ('.length);
  const [first, ...rest] = upper?.items ?? [];
  if (!first || first.word === 'MINVALUE') return undefined;
  return {
    value: first.word === 'MAXVALUE' ? undefined : first.word,
    isInclusive: rest.some(({ word, isQuoted }) => isQuoted || word !== 'MINVALUE'),
  };
}

interface Item {
  readonly word: string;
  readonly isQuoted: boolean;
}

/** The items of a list, and where it ends, behind its closing bracket. */
function itemsAt(
  text: string,
  start: number,
): { readonly items: readonly Item[]; readonly end: number } | undefined {
  const items: Item[] = [];
  let place = start;
  for (;;) {
    ITEM.lastIndex = place;
    const match = ITEM.exec(text);
    if (!match) return undefined;
    const [whole, quoted] = match;
    items.push({
      word: quoted === undefined ? whole : quoted.replaceAll("''", "'"),
      isQuoted: quoted !== undefined,
    });
    place += whole.length;
    if (text[place] === ')') return { items, end: place + 1 };
    if (!text.startsWith(', ', place)) return undefined;
    place += 2;
  }
}
