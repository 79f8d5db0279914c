import { createHash } from 'node:crypto';

// DEL and everything beyond ASCII.
const BEYOND_ASCII = /[\u007f-\uffff]/g;

/**
 * JSON in ASCII alone. What an error message may contain (`\u0000`, half of a surrogate pair, a
 * character that the database's encoding has not) can then be stored as `json`, and comes back as it
 * was.
 */
export function asciiJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.replace(
    BEYOND_ASCII,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A row of an index holds 2,700 bytes, and up to three names. */
const LONGEST_NAME = 600;

/**
 * How a name stands in a column that is indexed: ASCII, escaped as in JSON, most names as they are.
 * Of a very long one the beginning and a hash; U+0001 is in no escaped name, so no two are the same.
 */
export function storedName(name: string): string {
  const escaped = asciiJson(name).slice(1, -1);
  if (escaped.length <= LONGEST_NAME) return escaped;
  const hash = createHash('sha256').update(escaped).digest('hex');
  return `${escaped.slice(0, LONGEST_NAME - 100)}\u0001${hash}`;
}

/** Null where {@link storedName} says it all; otherwise the whole name, escaped. */
export function fullName(name: string): string | null {
  const escaped = asciiJson(name).slice(1, -1);
  return escaped.length <= LONGEST_NAME ? null : escaped;
}

/** Back from what the two above made. */
export function nameOf(escaped: string): string {
  return JSON.parse(`"${escaped}"`) as string;
}
