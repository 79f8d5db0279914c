import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { patternOf } from '../src/fingerprint/pattern.ts';
import { createFingerprinter, fingerprintOf } from '../src/fingerprint.ts';
import { normalise } from '../src/redact.ts';
import { anyText } from './any-text.ts';
import { CORPUS } from './fingerprint-corpus.ts';

/**
 * The share of messages whose group holds exactly the messages of their kind: the grouping accuracy
 * by which parsers of logs are compared.
 */
function accuracy(
  kinds: readonly (readonly string[])[],
  keyOf: (message: string) => string,
): number {
  const groups = new Map<string, string[]>();
  for (const message of kinds.flat()) {
    const key = keyOf(message);
    groups.set(key, [...(groups.get(key) ?? []), message]);
  }
  const right = kinds.filter((kind) => {
    const group = groups.get(keyOf(kind[0] ?? ''));
    return group?.length === kind.length && kind.every((message) => group.includes(message));
  });
  return right.flat().length / kinds.flat().length;
}

function meanAccuracy(keyOf: (message: string) => string): number {
  const scores = Object.values(CORPUS).map((kinds) => accuracy(kinds, keyOf));
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

describe('fingerprintOf', () => {
  it('groups messages of 15 systems better than raw text, digits alone or masks alone', () => {
    const raw = meanAccuracy((message) => message);
    const digits = meanAccuracy((message) => message.replaceAll(/\d+/g, '#'));
    const masks = meanAccuracy((message) => normalise(message, 1_000));
    const ours = meanAccuracy(fingerprintOf);
    expect(Object.keys(CORPUS)).toHaveLength(15);
    expect(raw).toBeLessThan(digits);
    expect(digits).toBeLessThan(ours - 0.2);
    expect(masks).toBeLessThan(ours - 0.2);
    expect(ours).toBeGreaterThanOrEqual(0.95);
  });

  it('makes one of at most 2 % of the kinds that are two', () => {
    const all = Object.values(CORPUS).flat();
    const kindsOf = new Map<string, Set<number>>();
    for (const [index, kind] of all.entries()) {
      for (const message of kind) {
        const key = fingerprintOf(message);
        kindsOf.set(key, (kindsOf.get(key) ?? new Set()).add(index));
      }
    }
    const merged = [...kindsOf.values()].filter((kinds) => kinds.size > 1);
    expect(merged.length).toBeLessThanOrEqual(all.length * 0.02);
  });

  it.each([
    ['Request failed with status code 404', 'Request failed with status code 500'],
    ['GET /pay 404', 'GET /pay 500'],
    ['answered 404 Not Found', 'answered 500 Internal Server Error'],
    ['{"status":404}', '{"status":500}'],
    ['statusCode: 404', 'statusCode: 500'],
    ['http_status=404', 'http_status=500'],
    ['upstream said (404)', 'upstream said (500)'],
    ['got HTTP 404', 'got HTTP 500'],
    ['GET /a HTTP/2.0" 404 12', 'GET /a HTTP/2.0" 500 12'],
    ['rejected with 404', 'rejected with 500'],
    ['exited with code 1', 'exited with code 137'],
    ['SQLSTATE 23505', 'SQLSTATE 40001'],
    ['spawn errno=2', 'spawn errno=13'],
    ['uses OAuth1', 'uses OAuth2'],
    ['IPv4 refused', 'IPv6 refused'],
  ])('tells %s from %s', (one, other) => {
    expect(fingerprintOf(one)).not.toBe(fingerprintOf(other));
  });

  it.each([
    ['took 404 ms', 'took 500 ms'],
    ['took 900 ms', 'took 1.2 s'],
    ['returned 200 rows', 'returned 500 rows'],
    ['batch of 404 items', 'batch of 500 items'],
    ['items [1, 2, 3] lost', 'items [4] lost'],
    ['user=ann gone', 'user=bob gone'],
    ['login by user ann refused', 'login by user bob refused'],
    ['hello "Ann Lee"', "hello 'Bob'"],
    ['at deadbeefcafe', 'at cafedeadbeef'],
    ["can't open /a/b", "can't open C:\\a\\b"],
    ['Bestellung 7 für „x” fehlt', 'Bestellung 19 für „x” fehlt'],
    ['注文 17 失敗', '注文 18 失敗'],
  ])('takes %s for %s', (one, other) => {
    expect(fingerprintOf(one)).toBe(fingerprintOf(other));
  });

  it.each(['user not found', 'and/or application/json', 'Utf8 is not defined', '失敗'])(
    'leaves %s as it is',
    (text) => {
      expect(patternOf(text)).toBe(text);
    },
  );

  it('is the same in every process: these values may not change without a new major version', () => {
    expect(fingerprintOf('Order 17 failed')).toMatch(/^[0-9a-f]{16}$/);
    expect(fingerprintOf('Order 17 failed')).toBe('352e837000f89139');
    expect(fingerprintOf('')).toBe('da39a3ee5e6b4b0d');
  });

  it('takes any text, and gives it the same twice', () => {
    const piece = fc.oneof(
      anyText(30),
      fc.constantFrom(
        '"',
        "'",
        '`',
        '“',
        '=',
        ':',
        '(',
        'http://',
        'for ',
        ' from ',
        'user ',
        '404',
        'status ',
        '\\',
        '/',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const text = pieces.join('');
        expect(patternOf(text)).toBe(patternOf(text));
        expect(patternOf(text).length).toBeLessThanOrEqual(2_000);
      }),
    );
  });

  it('looks at no more than 1,000 characters and 100 words, whatever they are', () => {
    const seeds = [
      'a',
      '1',
      '"',
      "'",
      '`"',
      '“',
      '‘',
      'a=',
      '1:',
      ':',
      '(',
      '{"',
      'http://',
      'a.',
      'a/',
      '\\',
      '-',
      'é',
      '\ud800',
      'for a from 1 ',
      'error "',
      'GET / 404 ',
    ];
    for (const seed of seeds) {
      const head = seed.repeat(1_000).slice(0, 1_000);
      const pattern = patternOf(head);
      expect(patternOf(head + seed.repeat(200_000 / seed.length))).toBe(pattern);
      expect(pattern.split(' ').length).toBeLessThanOrEqual(100);
    }
    // Quadratic patterns would run into the test's time limit here.
    for (let round = 0; round < 10; round += 1) {
      for (const seed of seeds) patternOf(seed.repeat(1_000));
    }
  });
});

describe('createFingerprinter', () => {
  it('tells messages apart to the letter, with message', () => {
    const of = createFingerprinter('message');
    expect(of('order 1', {})).not.toBe(of('order 2', {}));
    expect(of('order 1', {})).toBe(createFingerprinter('message')('order 1', {}));
  });

  it('asks a function, with the labels', () => {
    const of = createFingerprinter((message, { route }) => `${message.slice(0, 5)} ${route}`);
    expect(of('order 1', { route: '/pay' })).toBe(of('order 2', { route: '/pay' }));
    expect(of('order 1', { route: '/pay' })).not.toBe(of('order 1', { route: '/refund' }));
  });

  it('normalises when the function throws or gives no text, and tells', () => {
    const faults: unknown[] = [];
    const fault = new Error('mine');
    const throwing = createFingerprinter(
      () => {
        throw fault;
      },
      (error) => faults.push(error),
    );
    expect(throwing('order 1', {})).toBe(fingerprintOf('order 1'));
    const wrong = createFingerprinter((() => 7) as never, (error) => faults.push(error));
    expect(wrong('order 1', {})).toBe(fingerprintOf('order 1'));
    expect(faults).toEqual([fault, expect.any(TypeError)]);
  });

  it('gives what it gave after thousands of other messages', () => {
    const of = createFingerprinter();
    const before = of('order 1', {});
    for (let index = 0; index < 5_000; index += 1) of(`other ${index}`, {});
    expect(of('order 1', {})).toBe(before);
    expect(of('order 2', {})).toBe(before);
  });
});
