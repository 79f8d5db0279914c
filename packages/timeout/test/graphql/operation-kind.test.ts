import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHarmlessToRepeat, operationsOf } from '../../src/graphql/operation-kind.ts';

const kinds = (document: string): string[] => operationsOf(document).map(({ kind }) => kind);

describe('operationsOf', () => {
  it.each([
    ['a shorthand query', '{ shop { name } }', ['query']],
    ['a query', 'query { shop { name } }', ['query']],
    ['a mutation', 'mutation M($a: ID!) { do(id: $a) { id } }', ['mutation']],
    ['a subscription', 'subscription { changed }', ['subscription']],
    ['a comment before', '# query { a }\nmutation { do }', ['mutation']],
    ['a comment between', 'mutation # query\n{ do # }\n}', ['mutation']],
    ['a byte order mark', '\uFEFFmutation { do }', ['mutation']],
    ['a fragment first', 'fragment F on Shop { name { x } } mutation { do }', ['mutation']],
    ['a fragment named query', 'fragment query on Shop { name } mutation { do }', ['mutation']],
    ['fields of these names', '{ mutation query { subscription } fragment }', ['query']],
    ['strings', 'query { a(b: "} mutation {", c: "\\"") }', ['query']],
    [
      'block strings',
      'query { a(b: """ } mutation { \\""" " } """) } mutation { do }',
      ['query', 'mutation'],
    ],
    [
      'braces in defaults',
      'query Q($a: In = {b: {c: 1}}) { d } mutation { do }',
      ['query', 'mutation'],
    ],
    ['an operation called mutation', 'query mutation { a }', ['query']],
    ['a directive before the braces', 'query Q @live(if: true) { a }', ['query']],
    ['a description', '"what it does" query Q { a }', ['query']],
    ['nothing', '  # only this', []],
    ['an end that is missing', 'mutation { do(a: "', ['mutation']],
    ['braces that do not match', '} } mutation { do', ['mutation']],
  ])('%s', (_, document, expected) => {
    expect(kinds(document)).toEqual(expected);
  });

  it('tells the names', () => {
    const names = operationsOf('query A { a } mutation B($x: Int) { b } { c }').map(
      ({ name }) => name,
    );
    expect(names).toEqual(['A', 'B', undefined]);
  });

  it('reads any text, however long, in linear time', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            '"',
            '"""',
            '\\',
            '{',
            '}',
            '(',
            '#',
            '\n',
            'query ',
            'mutation ',
            '@',
            'a',
          ),
        ),
        (parts) => {
          operationsOf(parts.join(''));
        },
      ),
    );
    expect(operationsOf(`query { a(b: "${'\\"'.repeat(100_000)}") }`)).toHaveLength(1);
    expect(operationsOf(`query { a(b: """${'"'.repeat(100_000)}`)).toHaveLength(1);
  });

  it('takes no query within a mutation for one, wherever comments and strings fall', () => {
    const filler = fc.constantFrom(' ', '\n', ',', '# { } query "\n', '\uFEFF');
    fc.assert(
      fc.property(fc.array(filler, { minLength: 9, maxLength: 9 }), (gaps) => {
        const tokens = ['mutation', 'M', '{', 'query', '(', 'a:', '"{"', ')', '}'];
        const document = tokens.map((token, index) => token + (gaps[index] ?? '')).join(' ');
        expect(kinds(document)).toEqual(['mutation']);
      }),
    );
  });
});

describe('isHarmlessToRepeat', () => {
  it.each([
    ['{ a }', undefined, true],
    ['mutation { a }', undefined, false],
    ['subscription { a }', undefined, false],
    ['query A { a } mutation B { b }', 'A', true],
    ['query A { a } mutation B { b }', 'B', false],
    ['query A { a } mutation B { b }', undefined, false],
    ['query A { a }', 'C', false],
    ['', undefined, false],
    [
      'mutation { refundCreate(input: {}) @idempotent(key: "k") { refund { id } } }',
      undefined,
      true,
    ],
    ['mutation M($k: String!) { x: a(i: {}) @idempotent(key: $k) { id } }', undefined, true],
    ['mutation { a @idempotent(key: "k") { id } b { id } }', undefined, false],
    ['mutation { a { b @idempotent(key: "k") } }', undefined, false],
    ['mutation { a(s: "@idempotent") { id } # @idempotent\n }', undefined, false],
    ['mutation { ...F @idempotent(key: "k") }', undefined, false],
  ])('%s, %s', (document, name, expected) => {
    expect(isHarmlessToRepeat(document, name)).toBe(expected);
  });
});
