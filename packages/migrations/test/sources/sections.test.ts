import { describe, expect, test } from 'vitest';
import { readSections, type Sections } from '../../src/sources/sections.ts';
import type { Trouble } from '../../src/sources/trouble.ts';
import { positionOf } from '../../src/sql/position.ts';
import { splitStatements } from '../../src/sql/split.ts';

const texts = (sql: string | undefined): string[] | undefined =>
  sql === undefined ? undefined : splitStatements(sql).map(({ text }) => text);

function read(text: string): Sections {
  const found = readSections(text);
  if ('offset' in found) throw new Error(`${found.offset}: ${found.message}`);
  return found;
}

/** Up and down statements, and what else is said. */
function summary(text: string): Record<string, unknown> {
  const { up, down, noTransaction, isDownWithoutTransaction, outOfOrder, ...others } = read(text);
  const flags = { noTransaction, isDownWithoutTransaction, outOfOrder };
  const set = Object.entries(flags).filter(([, value]) => value);
  return { up: texts(up), down: texts(down), ...others, ...Object.fromEntries(set) };
}

function trouble(text: string): string {
  const found: Sections | Trouble = readSections(text);
  if (!('offset' in found)) throw new Error(`nothing wrong: ${JSON.stringify(found)}`);
  const { line, column } = positionOf(text, found.offset);
  return `${line}:${column} ${found.message}`;
}

const plain = { up: ['a'], down: undefined, isSingleFile: false, convention: undefined };
const pair = { up: ['a'], down: ['b'], isSingleFile: true };

describe('readSections', () => {
  describe('without directives', () => {
    test.each([
      'a',
      '-- goes up and down\na -- migrate up',
      'a -- squawk-ignore ban-drop-table\n-- atlas:nolint\n-- +1 from me\n-- ops team: hello',
      'a -- ops: allow ban-drop-table -- it is empty',
      '-- ops: allow\na',
      '--! Previous: -\n--! Hash: sha1:x\n--! Message: y\n\na',
      '-- postgres-migrations\na',
      '-- atlas:txmode file\n-- atlas:import x.sql\na',
      '-- migrate:upgrade, migrate:up-to\na',
    ])('%j', (text) => {
      expect(summary(text)).toEqual(plain);
      expect(read(text).up).toBe(text);
    });
  });

  test.each([
    ['ops', '-- ops: up\na;\n-- ops: down\nb;'],
    ['ops', '  --ops:UP -- builds it\na\n\t-- OPS:   Down\nb'],
    ['dbmate', '-- migrate:up\na;\n-- migrate:down\nb;'],
    ['dbmate', '--migrate:up\na;\n--   migrate:down  \nb;'],
    ['dbmate', '-- licence\n\n-- migrate:up transaction:true env:x\na;\n-- migrate:down\nb;'],
    ['goose', '-- +goose Up\na;\n-- +goose Down\nb;'],
    ['goose', '--+goose up\na;\n-- +GOOSE DOWN  \nb;'],
    [
      'goose',
      '-- +goose Up\n-- +goose StatementBegin\na;\n-- +goose StatementEnd\n-- +goose Down\n-- +goose StatementBegin\nb\n-- +goose StatementEnd\n',
    ],
    ['node-pg-migrate', '-- Up Migration\na;\n-- Down Migration\nb;'],
    ['node-pg-migrate', '  ---- up   migration: adds a\na;\n --down migration\nb;'],
    ['node-pg-migrate', '-- Down Migration\nb;\n-- Up Migration\na;'],
  ])('sections of %s: %j', (convention, text) => {
    expect(summary(text)).toEqual({ ...pair, convention });
  });

  test.each([
    ['ops', '-- ops: no-transaction\na'],
    ['ops', 'a -- ops: no-transaction -- every statement takes an hour'],
    ['goose', '-- +goose NO TRANSACTION\na'],
    ['graphile-migrate', '--! no-transaction\na'],
    ['graphile-migrate', '--! Previous: -\n--! Hash: sha1:0\n\n--!no-transaction\na'],
    ['postgres-migrations', '-- postgres-migrations disable-transaction\na'],
    ['postgres-migrations', 'a;\n  ---- postgres-migrations disable-transaction, because'],
    ['atlas', '-- atlas:txmode none\n\na'],
  ])('no transaction, as %s says it: %j', (convention, text) => {
    expect(summary(text)).toEqual({
      ...plain,
      convention,
      noTransaction: true,
      isDownWithoutTransaction: true,
    });
  });

  test('an option for the file holds for both sections, one of dbmate for its own', () => {
    const goose = '-- +goose NO TRANSACTION\n-- +goose Up\na;\n-- +goose Down\nb;';
    const both = { noTransaction: true, isDownWithoutTransaction: true };
    expect(summary(goose)).toEqual({ ...pair, convention: 'goose', ...both });
    const up = '-- migrate:up transaction:false\na;\n-- migrate:down\nb;';
    expect(summary(up)).toEqual({ ...pair, convention: 'dbmate', noTransaction: true });
    const down = '-- migrate:up\na;\n-- migrate:down  transaction:false\nb;';
    expect(summary(down)).toEqual({
      ...pair,
      convention: 'dbmate',
      isDownWithoutTransaction: true,
    });
  });

  test('out of order, and both options with sections of a tool', () => {
    expect(summary('-- ops: out-of-order\na')).toEqual({
      ...plain,
      convention: 'ops',
      outOfOrder: true,
    });
    const text =
      '-- ops: out-of-order\n-- migrate:up\na;\n-- ops: no-transaction\n-- migrate:down\nb';
    expect(summary(text)).toMatchObject({ ...pair, noTransaction: true, outOfOrder: true });
  });

  test('offsets, lines and columns stay those of the file', () => {
    const text = '-- é😀\n-- ops: up\n  create x;\r-- y\n-- ops: down\n\n drop x;\n';
    const { up, down } = read(text);
    for (const part of [up, down ?? '']) {
      expect(part).toHaveLength(text.length);
      expect(part.replaceAll(/[^\n\r]/g, '')).toBe(text.replaceAll(/[^\n\r]/g, ''));
      for (const statement of splitStatements(part)) {
        expect(text.slice(statement.start, statement.end)).toBe(statement.text);
      }
    }
    expect(positionOf(down ?? '', down?.indexOf('drop') ?? -1)).toEqual({ line: 7, column: 2 });
  });

  test('a section may end without a semicolon', () => {
    expect(summary('-- migrate:up\na\n-- migrate:down\nb')).toMatchObject(pair);
  });

  test('lines may end with carriage returns only', () => {
    expect(summary('-- migrate:up\ra;\r-- migrate:down\rb;')).toMatchObject(pair);
  });

  describe('markers that are none', () => {
    test.each([
      "select '\n-- migrate:down\n'",
      'select $$\n-- +goose Down\n-- ops: nonsense\n$$',
      "select E'\\'\n-- ops: down\n'",
      'select "\n-- Down Migration\n"',
      '/*\n-- migrate:down\n/* */\n-- ops: down\n*/ a',
      '/* -- ops: no-transaction */ a',
      "select '-- postgres-migrations disable-transaction'",
    ])('in a literal or block comment: %j', (text) => {
      expect(summary(text)).toMatchObject({ isSingleFile: false, convention: undefined });
      expect(summary(text)).not.toHaveProperty('noTransaction');
      expect(read(text).up).toBe(text);
      const inUp = `-- migrate:up\n${text};\n-- migrate:down\nb`;
      expect(summary(inUp)).toMatchObject({ up: [splitStatements(text)[0]?.text], down: ['b'] });
    });

    test('after a statement, where node-pg-migrate does not look either', () => {
      expect(summary('a; -- Down Migration\nb')).toMatchObject({ up: ['a', 'b'] });
    });
  });

  test('an empty down section takes nothing back', () => {
    const text = '-- migrate:up\na;\n\n-- migrate:down\n-- not possible\n;\n';
    expect(summary(text)).toMatchObject({ up: ['a'], down: undefined, isSingleFile: true });
    expect(summary('-- +goose Up\na')).toMatchObject({ up: ['a'], down: undefined });
  });

  test('a note at the end of a plain file on how to take it back is no section', () => {
    const text = 'a;\n-- Down migration:\n-- drop table a;\n';
    expect(summary(text)).toEqual(plain);
    expect(read(text).up).toBe(text);
  });

  test('takes time in proportion to the text on lines made to be slow', () => {
    for (const evil of ['--', '-- ', '-- + x', '-- up ', '+ ', '-- ops: allow ', '-- atlas:x ']) {
      const text = evil.repeat(100_000);
      expect(read(text).up).toBe(text);
    }
    for (const start of ['-- ops: allow', '-- atlas:x', '-- migrate: up', '--! no-transaction']) {
      const text = `${start}${' '.repeat(200_000)}x`;
      expect(read(text).up).toBe(text);
    }
    const { up } = read(`${'-- ops: no-transaction\n'.repeat(50_000)}a`);
    expect(texts(up)).toEqual(['a']);
  });

  describe('what is wrong', () => {
    const hint = (text: string): string => {
      const found = readSections(text);
      return 'hint' in found ? found.hint : '';
    };

    test.each([
      ['-- ops: no-transactions\na', '1:1 "-- ops: no-transactions" is not a directive'],
      ['a; -- ops:\n', '1:4 "-- ops:" is not a directive'],
      ['a;\n -- ops: allowed x', '2:2 "-- ops: allowed x" is not a directive'],
      ['-- ops: up no-transaction\na', '1:1 "-- ops: up no-transaction" is not a directive'],
    ])('unknown words: %j', (text, expected) => {
      expect(trouble(text)).toBe(expected);
      for (const word of ['up', 'down', 'no-transaction', 'out-of-order', 'allow']) {
        expect(hint(text)).toContain(`-- ops: ${word}`);
      }
    });

    test.each([
      ['a; -- ops: down\nb', '1:4 "-- ops: down" stands behind a statement'],
      ['-- MIGRATE:UP\na', '1:1 dbmate does not read "-- MIGRATE:UP"'],
      [
        '-- migrate:up\na;\n  -- migrate:down\nb',
        '3:3 "-- migrate:down" is not at the beginning of its line, where dbmate looks for it',
      ],
      [
        ' -- +goose Up\na',
        '1:2 "-- +goose Up" is not at the beginning of its line, where goose looks for it',
      ],
      ['-- +goose Upp\na', '1:1 "-- +goose Upp" is not an annotation of goose'],
      [
        '-- +goose Up\n-- +goose ENVSUB ON\na',
        "2:1 goose's ENVSUB is not supported: what a file does must not depend on the environment",
      ],
      [
        'a;\n--! no-transaction',
        '2:1 "--! no-transaction" stands below the first statement, where graphile-migrate does not look for it',
      ],
      [
        'a;\n-- atlas:txmode none',
        '2:1 "-- atlas:txmode none" stands below the first statement, where atlas does not look for it',
      ],
      ['-- atlas:txmode maybe\na', '1:1 "-- atlas:txmode maybe" is no mode of Atlas'],
      ['-- atlas:delimiter \\n\\n\na', '1:1 atlas:delimiter is not supported'],
      ['-- atlas:txtar\n-- migration.sql --\na', '1:1 atlas:txtar is not supported'],
      ['-- atlas:checkpoint\na', '1:1 atlas:checkpoint is not supported'],
      [
        '-- +migrate Up\na;\n-- +migrate Down\nb',
        '1:1 the sections of "+migrate" are not understood, and all of them would run',
      ],
      [
        '-- rambler up\na;\n-- rambler down\nb',
        '1:1 the sections of rambler are not understood, and all of them would run',
      ],
    ])('comments: %j', (text, expected) => {
      expect(trouble(text)).toBe(expected);
      expect(hint(text)).not.toBe('');
    });

    test.each([
      ['-- ops: down\nb\n-- ops: up\na', '1:1 the down section stands above the up section'],
      ['-- migrate:down\nb\n-- migrate:up\na', '1:1 the down section stands above the up section'],
      ['-- +goose Down\nb;', '1:1 the down section is not preceded by an up section'],
      ['a;\n-- Down Migration\nb;', '2:1 the down section is not preceded by an up section'],
      ['-- ops: up\na;\n-- ops: up\nb', '3:1 there is a second up section'],
      ['-- ops: up\na;\n-- ops: down\nb;\n-- ops: down\nc', '5:1 there is a second down section'],
      [
        '-- +goose Up\na;\n-- migrate:down\nb',
        '3:1 the sections begin with a marker of goose, and this is one of dbmate',
      ],
      [
        'select 0;\n-- migrate:up\na;\n-- migrate:down\nb',
        '1:1 this statement stands above the first section, so it would never run',
      ],
    ])('sections: %j', (text, expected) => {
      expect(trouble(text)).toBe(expected);
      expect(hint(text)).not.toBe('');
    });

    test.each([
      [
        '-- +goose StatementBegin\na\n-- +goose StatementEnd',
        '1:1 StatementBegin outside the sections',
      ],
      ['-- +goose Up\n-- +goose StatementBegin\na', '2:1 StatementBegin without an end'],
      [
        '-- +goose Up\n-- +goose StatementBegin\na\n-- +goose Down\n-- +goose StatementEnd\nb',
        '2:1 StatementBegin without an end',
      ],
      ['-- +goose Up\na\n-- +goose StatementEnd', '3:1 StatementEnd without a beginning'],
      [
        '-- +goose Up\n-- +goose StatementBegin\na\n-- +goose StatementBegin\nb',
        '4:1 StatementBegin inside another one',
      ],
    ])('brackets of goose: %j', (text, expected) => {
      expect(trouble(text)).toBe(expected);
    });
  });
});
