import { describe, expect, test } from 'vitest';
import { toEntry } from '../../../src/history/adopt/entry.ts';
import { type Match, matchFiles } from '../../../src/history/adopt/match.ts';
import { orderNotes } from '../../../src/history/adopt/notes.ts';
import type { ForeignEntry, ForeignHistory } from '../../../src/history/adopt/tool.ts';
import { parseMigration } from '../../../src/sources/parse-migration.ts';
import { file } from './rows.ts';

function entry(given: Partial<ForeignEntry>): ForeignEntry {
  return {
    label: given.version ?? 'row',
    version: undefined,
    name: undefined,
    appliedAt: undefined,
    compare: undefined,
    ...given,
  };
}

function match(entries: readonly ForeignEntry[], upTo?: ForeignHistory['upTo']): Match {
  const files = [
    file({ version: '1', name: 'a' }),
    file({ version: '2', name: 'b', text: 'select\n  öpa,\n  b;' }),
    file({ version: '10', name: 'c' }),
  ];
  return matchFiles({ entries, upTo, problems: [], notes: [] }, files);
}

describe('matchFiles', () => {
  test('by version, in the order of the files, whatever the order of the rows', () => {
    const at = new Date(5);
    const { adopted, pending, problems } = match([
      entry({ version: '10', appliedAt: at }),
      entry({ version: '1', name: 'a' }),
    ]);
    expect(adopted).toMatchObject([
      { file: { version: '1' }, appliedAt: undefined },
      { file: { version: '10' }, appliedAt: at },
    ]);
    expect(pending).toMatchObject([{ version: '2' }]);
    expect(problems).toEqual([]);
  });

  test('tells everything at once', () => {
    const { problems } = match([
      entry({ label: 'init' }),
      entry({ version: '3' }),
      entry({ version: '4', missingHint: 'It was in Java.' }),
      entry({ label: '1_other', version: '1', name: 'other' }),
      entry({ version: '2', compare: () => ({ message: 'differs', offset: 12 }) }),
      entry({ label: 'c', version: '10' }),
      entry({ label: 'C', version: '10' }),
    ]);
    expect(problems).toEqual([
      expect.objectContaining({ kind: 'unnamed', row: 'init' }),
      expect.objectContaining({ kind: 'missing-file', row: '3', file: undefined }),
      expect.objectContaining({ kind: 'missing-file', row: '4', hint: 'It was in Java.' }),
      expect.objectContaining({ kind: 'missing-file', row: '1_other', file: '1_a.sql' }),
      expect.objectContaining({ kind: 'drift', file: '2_b.sql', line: 2, column: 6 }),
      expect.objectContaining({ kind: 'unnamed', row: 'C', message: 'has the same version as c' }),
    ]);
  });

  test('a checksum gives no place', () => {
    const { problems } = match([
      entry({ version: '1', compare: () => ({ message: 'differs', offset: undefined }) }),
    ]);
    expect(problems).toMatchObject([{ kind: 'drift', line: undefined, column: undefined }]);
  });

  test('a version that stands for those before it', () => {
    const { adopted, pending, notes } = match([entry({ version: '2' })], {
      version: '2',
      label: 'It is at version 2',
    });
    expect(adopted.map(({ file: { version } }) => version)).toEqual(['1', '2']);
    expect(pending.map(({ version }) => version)).toEqual(['10']);
    expect(notes).toEqual(['It is at version 2, which also stands for the file of version 1.']);
  });

  test('several that are covered are counted', () => {
    expect(match([], { version: '11.5', label: "Flyway's baseline is 11.5" }).notes).toEqual([
      "Flyway's baseline is 11.5, which also stands for 3 files up to version 10.",
    ]);
  });
});

describe('toEntry', () => {
  test('has the hash that parsing gives, and all steps', () => {
    const given = file({ version: '1', text: 'create table t (a int);\nvacuum t;\n' });
    const parsed = parseMigration(given);
    if (!('steps' in parsed)) throw new Error('cannot be parsed');
    const { entry: made, note } = toEntry({ file: given, appliedAt: undefined }, 'dbmate');
    expect(made).toMatchObject({
      hash: parsed.hash,
      rawHash: given.rawHash,
      stepCount: 2,
      text: given.text,
      origin: 'adopt:dbmate',
    });
    expect(note).toBeUndefined();
  });

  test('a file that we would refuse is taken, and said', () => {
    const given = file({ version: '1', text: 'begin; create table t (a int); commit;' });
    const { entry: made, note } = toEntry({ file: given, appliedAt: undefined }, 'supabase');
    expect(made).toMatchObject({ stepCount: 0, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(note).toMatch(/^1_x\.sql is recorded as it is, but up\(\) would refuse/);
  });

  test('a module is not imported', () => {
    const load = (): never => {
      throw new Error('imported');
    };
    const given = file({ version: '1', kind: 'code', text: 'exports.up = 1', load });
    expect(toEntry({ file: given, appliedAt: undefined }, 'knex')).toMatchObject({
      entry: { stepCount: 0, origin: 'adopt:knex' },
      note: undefined,
    });
  });
});

describe('orderNotes', () => {
  const now = Date.UTC(2025, 5, 1);
  const of = (...versions: string[]): ReturnType<typeof file>[] =>
    versions.map((version) => file({ version }));

  test('says nothing when all that is pending is newer', () => {
    expect(orderNotes(of('1', '20250601000000'), of('20250602000000'), now)).toEqual([]);
    expect(orderNotes([], of('1'), now)).toEqual([]);
  });

  test('names the late ones, and a version of the future', () => {
    expect(orderNotes(of('99999999999999'), of('1', '2', '3', '4', '5', '6'), now)).toEqual([
      expect.stringMatching(
        /older than 99999999999999_x.*: 1_x, 2_x, 3_x, 4_x, 5_x and 1 more\. .*ops: out-of-order/,
      ),
      expect.stringMatching(/dated in the future/),
    ]);
  });

  test('a file that says so itself is not named', () => {
    const text = '-- ops: out-of-order\nselect 1;';
    expect(orderNotes(of('3'), [file({ version: '2', text })], now)).toEqual([]);
  });

  test('tomorrow may be today elsewhere', () => {
    expect(orderNotes(of('20250601235959'), [], now)).toEqual([]);
    expect(orderNotes(of('20250603000000'), [], now)).toHaveLength(1);
  });
});
