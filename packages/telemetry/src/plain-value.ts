/**
 * Thrown when a value was given up before it was copied whole. Always this one object, to be compared
 * with `===`: what the host's code throws may be a proxy that even `instanceof` cannot touch.
 */
export const valueTooLarge: Error = new Error('The JSON would be longer than the limit');

interface Copying {
  /** Objects that enclose the one being copied. A set: nesting may be thousands of levels deep. */
  readonly ancestors: Set<object>;
  /** Characters of JSON that may still follow. A lower bound of bytes, so it never refuses wrongly. */
  budget: number;
}

/**
 * A copy of `value` that is plain JSON data: `JSON.stringify` of it cannot throw, calls nothing and
 * gives text that a `jsonb` column takes.
 *
 * As `JSON.stringify` would have it, except: a circular reference becomes `'[Circular]'`, a BigInt
 * its digits, and U+0000 and unpaired surrogates become U+FFFD, in values and in keys (in the JSON
 * text they are escapes, which is why they are replaced here). Each getter is read and each `toJSON`
 * called once; what they throw is thrown. Undefined when `value` has no JSON.
 *
 * Gives up as soon as the JSON must be longer than `maxLength`, so that a huge value costs no more
 * than a small one.
 *
 * @throws valueTooLarge
 */
export function plainValue(value: unknown, maxLength: number = Infinity): unknown {
  return copy(value, '', { ancestors: new Set(), budget: maxLength });
}

/** `text` with U+0000 and unpaired surrogates replaced by U+FFFD: no PostgreSQL text can hold them. */
export function plainText(text: string): string {
  // The first pattern is cheap and finds candidates; only the second, in u mode, knows pairs.
  return SUSPECT.test(text) ? text.replaceAll(UNSTORABLE, '\uFFFD') : text;
}

const SUSPECT = /[\0\uD800-\uDFFF]/;
const UNSTORABLE = /[\0\p{Surrogate}]/gu;

function copy(value: unknown, key: string, copying: Copying): unknown {
  if (typeof value === 'function' || (typeof value === 'object' && value !== null)) {
    return copyObject(value, key, copying, true);
  }
  return copyPrimitive(value, copying);
}

function copyPrimitive(value: unknown, copying: Copying): unknown {
  if (typeof value === 'string') {
    spend(copying, value.length + 2);
    return plainText(value);
  }
  if (typeof value === 'bigint') {
    spend(copying, 3);
    return value.toString();
  }
  if (typeof value !== 'number' && typeof value !== 'boolean' && value !== null) return undefined;
  spend(copying, 1);
  return value;
}

/** What `toJSON` returns is not asked for its own, as the language has it. */
function copyObject(value: object, key: string, copying: Copying, isToJsonAsked: boolean): unknown {
  const { ancestors } = copying;
  if (ancestors.has(value)) {
    spend(copying, 12);
    return '[Circular]';
  }
  ancestors.add(value);
  // A Buffer's toJSON would be several times its size before it could be refused.
  if (value instanceof Uint8Array) spend(copying, value.length);
  const content = isToJsonAsked ? toJsonOf(value, key) : value;
  let copied: unknown;
  if (content === value) copied = copyContent(value, copying);
  else if (typeof content === 'object' && content !== null) {
    copied = copyObject(content, key, copying, false);
  } else copied = copyPrimitive(content, copying);
  ancestors.delete(value);
  return copied;
}

function copyContent(value: object, copying: Copying): unknown {
  if (typeof value === 'function') return undefined;
  const primitive = unboxed(value);
  return primitive === value ? copyMembers(value, copying) : copyPrimitive(primitive, copying);
}

function copyMembers(value: object, copying: Copying): unknown {
  spend(copying, 2);
  if (Array.isArray(value)) {
    const { length } = value;
    spend(copying, Math.max(0, length - 1)); // before the walk: a sparse array may claim four billion items
    const items: unknown[] = [];
    for (let index = 0; index < length; index += 1) {
      items.push(copy(value[index], String(index), copying) ?? null);
    }
    return items;
  }
  const members: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = copy(Reflect.get(value, key), key, copying);
    if (member === undefined) continue;
    spend(copying, key.length + 3);
    setOwn(members, plainText(key), member);
  }
  return members;
}

/** Assigning to `__proto__` would set the prototype instead. */
function setOwn(members: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') {
    members[key] = value;
    return;
  }
  Object.defineProperty(members, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function toJsonOf(value: object, key: string): unknown {
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON.call(value, key) as unknown) : value;
}

function spend(copying: Copying, length: number): void {
  copying.budget -= length;
  if (copying.budget < 0) throw valueTooLarge;
}

/** What is in a `new String()`, `new Number()` or `new Boolean()`, as JSON has it; else `value`. */
function unboxed(value: object): unknown {
  const tag = Object.prototype.toString.call(value);
  if (tag !== '[object String]' && tag !== '[object Number]' && tag !== '[object Boolean]') {
    return value;
  }
  const inner: unknown = value.valueOf();
  return typeof inner === 'object' ? value : inner;
}
