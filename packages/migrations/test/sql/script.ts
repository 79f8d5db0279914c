import * as fc from 'fast-check';

/**
 * SQL that PostgreSQL's parser accepts, made of what splitters trip over: statements of several kinds
 * with hostile literals, names, comments and white space in every place where they may stand.
 */

const hostile = fc
  .array(
    fc.constantFrom(
      ';',
      ' ',
      '\n',
      '--',
      '/*',
      '*/',
      '(',
      ')',
      'begin atomic',
      'end',
      'E',
      'x',
      'é',
      '😀',
      '日本',
      '\u00A0',
      '$',
      '$$',
      '$a$',
      "''",
      '""',
      '\\',
      ':',
      '\r',
      'case',
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

const without = (text: string, pattern: RegExp): string => text.replaceAll(pattern, '');

const literal = fc.oneof(
  hostile.map((text) => `'${text}'`),
  hostile.map((text) => `n'${text}'`),
  hostile.map((text) => `E'${text.replaceAll('\\', '\\\\')}\\';\\\\'`),
  hostile.map((text) => `'${text}'\n '${text}'`),
  hostile.map((text) => `e'\\'' \n\r '${text.replaceAll('\\', '\\\\')}\\';'`),
  hostile.map((text) => `U&'${without(text, /\\/g)};'`),
  hostile.map((text) => `$q$${text}$q$`),
  hostile.map((text) => `$${without(text, /\$/g)};$$`.replace(/^\$/, '$$$$')),
  hostile.map((text) => `$ä1$${text}$ä$ $$ä1$`),
  fc.constantFrom("b'01'", "X'1f'", "''", "''''", '$$$$', '$$;$$'),
);

const name = fc.oneof(
  fc.constantFrom(
    'a',
    'b$c',
    'd$$',
    'é',
    'имя',
    '😀',
    'atomic',
    'begin',
    'e',
    'u',
    'n',
    'x\u00A0y',
  ),
  hostile.map((text) => `"x${text.replaceAll(/"+/g, '""')}"`),
);

const lineEnd = fc.constantFrom('\n', '\r', '\r\n');
const gap = fc.oneof(
  { weight: 6, arbitrary: fc.constant(' ') },
  fc.constantFrom('\n', '\t', '\r\n', ' \f ', '\r'),
  fc.tuple(hostile, lineEnd).map(([text, end]) => ` -- ${without(text, /[\n\r]/g)}${end}`),
  hostile.map((text) => ` /* ${without(text, /\*\/|\/\*/g)}; /* ; */ ' */ `),
);

/** Parts with something between them that separates words. */
const spaced = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.tuple(...parts), fc.array(gap, { minLength: parts.length, maxLength: parts.length }))
    .map(([texts, gaps]) =>
      texts.map((text, at) => (at === 0 ? text : `${gaps[at]}${text}`)).join(''),
    );

const words = (text: string): fc.Arbitrary<string> =>
  spaced(...text.split(' ').map((word) => fc.constantFrom(word, word.toUpperCase())));

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    literal,
    fc.constantFrom('1', '.5', '1.5e-3', '$1', 'null', '0xF', '1_0'),
    name,
    spaced(fc.constant('('), tie('expression'), fc.constant(')')),
    spaced(
      tie('expression'),
      fc.constantFrom('+', '-', '||', '@-', '<<', '#>>', '?', '*'),
      tie('expression'),
    ),
    spaced(
      words('case when'),
      tie('expression'),
      words('then'),
      tie('expression'),
      words('else'),
      tie('expression'),
      words('end'),
    ),
    tie('expression').map((text) => `(${text})::text`),
  ),
}));

const select = spaced(
  words('select'),
  expression,
  fc.constant(','),
  expression,
  words('as'),
  fc.oneof(name, fc.constantFrom('end', 'case', 'select')),
);
const insert = spaced(words('insert into'), name, words('values ('), expression, fc.constant(')'));
const update = spaced(words('update'), name, words('set'), name, fc.constant('='), expression);
const remove = spaced(words('delete from'), name, words('where true'));
const query = fc.oneof(select, insert, update, remove);

const separator = fc.tuple(gap, gap).map(([before, after]) => `${before};${after}`);

/** Several statements with semicolons between, and sometimes empty ones. */
const several = (statement: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(statement, separator, fc.constantFrom('', '', ';', ' ; ;\n')), {
      minLength: 1,
      maxLength,
    })
    .map((parts) => parts.flat().join(''));

const quotedBody = fc.oneof(
  several(query, 2).map((text) => `$body$${text}$body$`),
  several(query, 2).map((text) => `'${text.replaceAll("'", "''")}'`),
);

const routine = spaced(
  fc.oneof(words('create function'), words('create or replace function')),
  name,
  fc.constantFrom('()', '(begin atomic)', '(a int default 1)', '(atomic begin, "end" text)'),
  words('returns int'),
  fc.constantFrom('', 'language sql', 'stable', 'set search_path = a, "b;"'),
  fc.oneof(
    spaced(words('as'), quotedBody),
    spaced(words('begin atomic'), several(query, 4), words('end')),
    spaced(words('begin atomic end')),
    spaced(words('begin atomic'), words('return'), expression, fc.constant(';'), words('end')),
    spaced(words('return'), expression),
  ),
);

const statement = fc.oneof(
  { weight: 3, arbitrary: query },
  { weight: 2, arbitrary: routine },
  spaced(words('do'), quotedBody),
  spaced(
    words('create rule'),
    name,
    words('as on insert to'),
    name,
    words('do also ('),
    several(query, 3),
    query,
    fc.constant(')'),
  ),
  spaced(
    words('create schema s create table'),
    name,
    words('( x int )'),
    words('create view v as'),
    select,
  ),
  spaced(words('create table'), name, words('( x int default'), expression, fc.constant(')')),
  spaced(
    words('comment on table'),
    name,
    words('is'),
    literal.filter((text) => !/^[nbx]'/i.test(text)),
  ),
  spaced(
    fc.oneof(words('vacuum'), words('begin'), words('commit'), words('end'), words('cluster')),
  ),
  spaced(
    words('create index concurrently'),
    name,
    words('on'),
    name,
    words('( ('),
    expression,
    words(') )'),
  ),
);

/** Ten to forty statements. */
export const script: fc.Arbitrary<string> = fc
  .array(fc.tuple(statement, separator), { minLength: 10, maxLength: 40, size: 'max' })
  .map((parts) => parts.flat().join(''));
