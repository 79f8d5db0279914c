import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainText, plainValue, valueTooLarge } from '../src/plain-value.ts';

/** Claims four billion items. */
const sparse = Object.assign([], { length: 2 ** 32 - 1 });
const json = (value: unknown) => JSON.stringify(plainValue(value));

describe('plainValue', () => {
  it('gives what JSON.stringify gives, for any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(json(value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it('gives what JSON.stringify gives, for objects of every other kind', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withDate: true,
          withMap: true,
          withSet: true,
          withBoxedValues: true,
          withTypedArray: true,
          withSparseArray: true,
          withNullPrototype: true,
        }),
        (value) => {
          expect(json(value)).toBe(JSON.stringify(value));
        },
      ),
    );
  });

  const self: Record<string, unknown> = { a: 1 };
  self['self'] = self;
  const shared = { b: 2 };
  const toJsonOfItself = { toJSON: () => ({ inner: toJsonOfItself }) };
  it.each([
    ['circular', self, '{"a":1,"self":"[Circular]"}'],
    ['shared but not circular', [shared, shared], '[{"b":2},{"b":2}]'],
    ['circular through toJSON', toJsonOfItself, '{"inner":"[Circular]"}'],
    ['toJSON that returns an object with toJSON', { toJSON: () => ({ toJSON: () => 1 }) }, '{}'],
    ['BigInt', { n: 2n ** 70n }, '{"n":"1180591620717411303424"}'],
    ['NUL', { 'k\0': 'v\0' }, '{"k\uFFFD":"v\uFFFD"}'],
    ['lone surrogates', ['\uD83D', '\uDE00x', 'ok 😀'], '["\uFFFD","\uFFFDx","ok 😀"]'],
    ['escaped NUL in text', { a: '\\u0000' }, '{"a":"\\\\u0000"}'],
    ['__proto__ as a key', JSON.parse('{"__proto__":{"x":1}}'), '{"__proto__":{"x":1}}'],
    ['a function among values', { f: () => 1, g: [() => 1] }, '{"g":[null]}'],
    ['a function with toJSON', { f: Object.assign(() => 1, { toJSON: () => 'f' }) }, '{"f":"f"}'],
    ['an object that claims to be a String', { [Symbol.toStringTag]: 'String', a: 1 }, '{"a":1}'],
  ])('%s', (_name, value, expected) => {
    expect(json(value)).toBe(expected);
  });

  it('throws what the host throws', () => {
    const fault = new Error('no');
    const fail = (): never => {
      throw fault;
    };
    const hostile = [
      Object.defineProperty({}, 'x', { enumerable: true, get: fail }),
      { toJSON: fail },
      new Proxy({}, { ownKeys: fail }),
      new Proxy([], { get: fail }),
    ];
    for (const value of hostile) expect(() => plainValue({ value })).toThrow(fault);
  });

  it('reads each getter once', () => {
    let reads = 0;
    const value = {
      get x() {
        reads += 1;
        return '\0';
      },
    };
    plainValue(value);
    expect(reads).toBe(1);
  });

  it('does not keep a reference to what it copied', () => {
    const inner = { n: 1 };
    const copy = plainValue({ inner });
    inner.n = 2;
    expect(copy).toEqual({ inner: { n: 1 } });
  });

  it('never refuses a value whose JSON fits', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const length = Buffer.byteLength(JSON.stringify(value));
        expect(() => plainValue(value, length)).not.toThrow();
      }),
    );
  });

  it.each([
    ['a long string', 'x'.repeat(1001)],
    ['a sparse array of four billion', sparse],
    ['a large buffer', Buffer.alloc(50_000_000)],
    ['many keys', Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key${i}`, 1]))],
    ['a getter that never ends', endless()],
  ])('gives up early on %s', (_name, value) => {
    expect(() => plainValue(value, 1000)).toThrow(valueTooLarge);
  });

  it('lets a stack overflow out as an error, not as a hang', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i += 1) deep = [deep];
    expect(() => plainValue(deep)).toThrow(RangeError);
  });
});

function endless(): unknown {
  return Object.defineProperty({}, 'next', { enumerable: true, get: endless });
}

it('plainText leaves what is storable alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const plain = plainText(text);
      expect(plain).not.toMatch(/\0/);
      expect(Buffer.from(plain).toString()).toBe(plain);
      expect(plain === text).toBe(!text.includes('\0'));
    }),
  );
});
