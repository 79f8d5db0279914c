import { quoteIdentifierPath } from './identifier.ts';

/**
 * What {@link sql} makes: SQL text with its parameters kept apart. Only {@link sql} can make one,
 * so text from JSON or a request never gets into a statement.
 */
export interface SqlFragment {
  readonly [PIECES]: readonly Piece[];
}

/** A value that may stand in `${}` of {@link sql}. A `Date` is sent as its UTC text. */
export type SqlParameter =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | Uint8Array
  | readonly SqlParameter[];

/** The type of {@link sql}. */
export interface SqlTag {
  (strings: TemplateStringsArray, ...values: readonly (SqlParameter | SqlFragment)[]): SqlFragment;
  /**
   * A name from a variable, quoted: `'a'`, `'a.b'`, `'"odd.name"'`. Taken literally, no case folding.
   *
   * @throws TypeError when it is no name.
   */
  identifier(path: string): SqlFragment;
}

type Piece = string | { readonly value: unknown };
const PIECES: unique symbol = Symbol('@ops/cleanup sql');

/**
 * Writes a condition: every `${value}` is a parameter, every `${fragment}` is put in as SQL.
 *
 * An array must stand in `any(${list})` or `all(${list})`, or carry a cast, because
 * `not in (${list})` would compare with one text and be true for every row. A backslash and `$1` in
 * the text are refused: the first means two things in a template, the second would take a
 * parameter that is not yours. Pass such text as a value.
 *
 * @throws TypeError at once when the fragment or a value is wrong.
 */
export const sql: SqlTag = Object.assign(
  (
    strings: TemplateStringsArray,
    ...values: readonly (SqlParameter | SqlFragment)[]
  ): SqlFragment => {
    if (!Array.isArray(strings) || !Array.isArray(strings.raw)) {
      throw new TypeError('sql: expected a template, sql`status = ${value}`, got a function call');
    }
    const pieces: Piece[] = [];
    strings.forEach((text, index) => {
      pieces.push(checkedText(text, strings.raw[index]));
      if (index === values.length) return;
      const value = values[index];
      if (isFragment(value)) {
        pieces.push(...value[PIECES]);
      } else {
        const place = { before: text, after: strings[index + 1] ?? '' };
        pieces.push({ value: checkedValue(value, index + 1, place) });
      }
    });
    return fragment(pieces);
  },
  { identifier: (path: string): SqlFragment => fragment([quoteIdentifierPath(path)]) },
);

export function isFragment(value: unknown): value is SqlFragment {
  return typeof value === 'object' && value !== null && PIECES in value;
}

/** Text of a fragment; its parameters are appended to `values` and numbered from there. */
export function renderFragment(from: SqlFragment, values: unknown[]): string {
  return from[PIECES]
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      return `$${values.push(piece.value)}`;
    })
    .join('');
}

function fragment(pieces: readonly Piece[]): SqlFragment {
  return Object.freeze({ [PIECES]: Object.freeze([...pieces]) });
}

function checkedText(text: string | undefined, raw: string | undefined): string {
  if (text === undefined || text !== raw) {
    throw new TypeError(
      `sql: a backslash is ambiguous in a template, got ${JSON.stringify(raw)}; pass the text as a value`,
    );
  }
  if (/\$\d/.test(text)) {
    throw new TypeError(
      `sql: expected \${value}, got a numbered parameter in ${JSON.stringify(text)}; pass the text as a value`,
    );
  }
  return text;
}

function checkedValue(
  value: unknown,
  position: number,
  place: { readonly before: string; readonly after: string },
): unknown {
  if (Array.isArray(value)) {
    const isArrayPlace =
      /\b(?:any|all|some)\s*\(\s*$/i.test(place.before) || /^\s*::/.test(place.after);
    if (!isArrayPlace) {
      throw new TypeError(
        `sql: value ${position} is an array; write = any(\${list}) for "in" and <> all(\${list}) for "not in", or cast it: \${list}::text[]`,
      );
    }
    return Object.freeze(value.map((item) => scalar(item, position)));
  }
  return scalar(value, position);
}

function scalar(value: unknown, position: number): unknown {
  if (Array.isArray(value)) return value.map((item) => scalar(item, position));
  // The driver would send a Date in the process's own zone, which a timestamp column then drops.
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value))
    return value;
  throw new TypeError(
    `sql: value ${position}: expected a string, number, bigint, boolean, null, Date, Uint8Array, array or sql fragment, got ${
      value instanceof Date ? 'an invalid Date' : typeof value
    }`,
  );
}
