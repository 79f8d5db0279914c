/** Thrown when a value is given up before it is read whole; to be compared with `===`. */
export const valueTooLarge: Error = new Error('too_large');

/** What goes instead of the value under this key. */
export type Replace = (key: string, value: unknown) => unknown;

/** Escapes, one by one, so that an escaped backslash before `u0000` is not taken for half of one. */
const ESCAPE = /\\(u0000|ud[89a-f]..|.)/g;

/**
 * The JSON of `value` as the Node client writes it, fit for a `jsonb` column: a circular reference is
 * `"[Circular]"`, a BigInt its digits, U+0000 and unpaired surrogates are U+FFFD, in keys too.
 * `JSON.stringify` does the walk: a third of the code of a walk of one's own. What a `toJSON` makes
 * anew in each call, without end, ends in an error rather than in `"[Circular]"`.
 *
 * `replace` is asked about properties and context, and about properties that are no object with the
 * key `''`; not about the rest of the first level, which is ours. Gives up as soon as the JSON must
 * be longer than `maxLength` bytes. Throws what getters and `toJSON` throw, and a RangeError when the
 * stack has no room for its levels, some thousands.
 *
 * @throws valueTooLarge
 */
export function toJson(value: object, maxLength: number, replace: Replace | undefined): string {
  const ancestors: unknown[] = [];
  let room = maxLength;
  return JSON.stringify(value, function (this: unknown, key, read: unknown) {
    while (ancestors[0] && ancestors.at(-1) !== this) ancestors.pop();
    let member = typeof read === 'bigint' ? `${read}` : read;
    if (replace && (ancestors[1] || key === 'props'))
      member = replace(ancestors[1] ? key : '', member);
    if (ancestors.includes(member)) member = '[Circular]';
    // A sparse array may claim four billion items. A typed array's elements are listed as keys.
    const isLong = typeof member === 'string' || ArrayBuffer.isView(member);
    room -= (isLong && (member as string).length) || 1;
    if (room < 0) throw valueTooLarge;
    if (Object(member) === member) ancestors.push(member);
    return member;
  }).replace(ESCAPE, (all, code: string) => (code[1] ? '\uFFFD' : all));
}
