/**
 * Thrown when a value was given up before it was written whole. Always this one object, to be compared
 * with `===`: what the host's code throws may be a proxy that even `instanceof` cannot touch.
 */
export const valueTooLarge: Error = new Error('The JSON would be longer than the limit');

/** Takes secrets out of values while they are read. */
export interface Redactor {
  /** What stands instead of the value under this key, which is not even read; undefined to read it. */
  replacementOf(key: string): string | undefined;
  /** What stands instead of this text; the text itself when there is nothing to hide. */
  scrub(text: string): string;
}

interface Writing {
  readonly redactor: Redactor | undefined;
  /** Objects that enclose the one being written. */
  readonly ancestors: object[];
  /** UTF-16 units of JSON that may still follow. A lower bound of bytes, so it never refuses wrongly. */
  budget: number;
}

/** Levels of nesting. PostgreSQL and many parsers recurse, and give up at a few thousand. */
const MAX_DEPTH = 1_000;

/**
 * The JSON text of `value`, in one walk, without the plain copy that `JSON.stringify` would need so as
 * not to throw.
 *
 * As `JSON.stringify` would have it, except: a circular reference becomes `"[Circular]"`, a BigInt
 * its digits, and U+0000 and unpaired surrogates become U+FFFD, in values and in keys: no `jsonb`
 * column can hold them. Each getter is read and each `toJSON` called once; what they throw is thrown.
 * Undefined when `value` has no JSON.
 *
 * Gives up as soon as the JSON must be longer than `maxLength`, so that a huge value costs no more
 * than a small one.
 *
 * @throws valueTooLarge
 * @throws RangeError beyond 1,000 levels of nesting.
 */
export function plainJson(
  value: unknown,
  maxLength: number = Infinity,
  redactor?: Redactor,
): string | undefined {
  return write(value, '', { ancestors: [], budget: maxLength, redactor });
}

/** `text` with U+0000 and unpaired surrogates replaced by U+FFFD: no PostgreSQL text can hold them. */
export function plainText(text: string): string {
  // The first pattern is cheap and finds candidates; only the second, in u mode, knows pairs.
  return SUSPECT.test(text) ? text.replaceAll(UNSTORABLE, '\uFFFD') : text;
}

/** A JSON string. */
export function quoted(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(plainText(text)) : `"${text}"`;
}

const SUSPECT = /[\0\uD800-\uDFFF]/;
const UNSTORABLE = /[\0\p{Surrogate}]/gu;
/** What JSON cannot hold as it is, and what {@link plainText} has to look at. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const ESCAPED = /["\\\0-\x1F\uD800-\uDFFF]/;

/** Of keys, with the colon. Events have few different ones, and to look at a key costs as much as to write its value. */
const memberKeys = new Map<string, string>();
const MAX_MEMBER_KEYS = 1_000;
const MAX_MEMBER_KEY_LENGTH = 64;

function memberKey(key: string): string {
  const known = memberKeys.get(key);
  if (known !== undefined) return known;
  const json = `${quoted(key)}:`;
  if (key.length > MAX_MEMBER_KEY_LENGTH) return json;
  // Keys may be ids, without end.
  if (memberKeys.size >= MAX_MEMBER_KEYS) memberKeys.clear();
  memberKeys.set(key, json);
  return json;
}

function write(value: unknown, key: string | number, writing: Writing): string | undefined {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
    ? writeObject(value, key, writing, true)
    : writePrimitive(value, writing);
}

function writePrimitive(value: unknown, writing: Writing): string | undefined {
  if (typeof value === 'string') {
    spend(writing, value.length + 2); // before it is looked at: it may be a gigabyte
    return quoted(writing.redactor === undefined ? value : writing.redactor.scrub(value));
  }
  if (typeof value === 'number') return paid(Number.isFinite(value) ? `${value}` : 'null', writing);
  if (typeof value === 'boolean' || value === null) return paid(`${value}`, writing);
  return typeof value === 'bigint' ? paid(`"${value}"`, writing) : undefined;
}

/** What `toJSON` returns is not asked for its own, as the language has it. */
function writeObject(
  value: object,
  key: string | number,
  writing: Writing,
  isToJsonAsked: boolean,
): string | undefined {
  const { ancestors } = writing;
  if (ancestors.includes(value)) return paid('"[Circular]"', writing);
  if (ancestors.length >= MAX_DEPTH)
    throw new RangeError(`More than ${MAX_DEPTH} levels of nesting`);
  // Its own toJSON, or its list of keys, would be several times its size before it could be refused.
  if (ArrayBuffer.isView(value)) spend(writing, (value as { length?: number }).length ?? 0);
  ancestors.push(value);
  const content = isToJsonAsked ? toJsonOf(value, key) : value;
  let json: string | undefined;
  if (content === value) json = writeContent(value, writing);
  else if (typeof content === 'object' && content !== null) {
    json = writeObject(content, key, writing, false);
  } else json = writePrimitive(content, writing);
  ancestors.pop();
  return json;
}

function writeContent(value: object, writing: Writing): string | undefined {
  if (Array.isArray(value)) return writeItems(value, writing);
  if (typeof value === 'function') return undefined;
  const primitive = unboxed(value);
  return primitive === value ? writeMembers(value, writing) : writePrimitive(primitive, writing);
}

function writeItems(items: readonly unknown[], writing: Writing): string {
  const { length } = items;
  spend(writing, length + 1); // before the walk: a sparse array may claim four billion items
  let json = '[';
  for (let index = 0; index < length; index += 1) {
    const item = write(items[index], index, writing) ?? paid('null', writing);
    json += index === 0 ? item : `,${item}`;
  }
  return `${json}]`;
}

function writeMembers(value: object, writing: Writing): string {
  spend(writing, 2);
  const { redactor } = writing;
  let json = '{';
  for (const key of Object.keys(value)) {
    const secret = redactor?.replacementOf(key);
    const member =
      secret === undefined
        ? write((value as Readonly<Record<string, unknown>>)[key], key, writing)
        : writePrimitive(secret, writing);
    if (member === undefined) continue;
    spend(writing, key.length + 3);
    json += (json.length === 1 ? '' : ',') + memberKey(key) + member;
  }
  return `${json}}`;
}

function toJsonOf(value: object, key: string | number): unknown {
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON.call(value, String(key)) as unknown) : value;
}

function spend(writing: Writing, length: number): void {
  writing.budget -= length;
  if (writing.budget < 0) throw valueTooLarge;
}

function paid(json: string, writing: Writing): string {
  spend(writing, json.length);
  return json;
}

/** What is in a `new String()`, `new Number()` or `new Boolean()`, as JSON has it; else `value`. */
function unboxed(value: object): unknown {
  // Asking for the tag costs as much as writing a member.
  if (Object.getPrototypeOf(value) === Object.prototype) return value;
  const tag = Object.prototype.toString.call(value);
  if (tag !== '[object String]' && tag !== '[object Number]' && tag !== '[object Boolean]') {
    return value;
  }
  const inner: unknown = value.valueOf();
  return typeof inner === 'object' ? value : inner;
}
