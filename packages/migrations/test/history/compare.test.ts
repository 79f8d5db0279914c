import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byVersion, compareWithHistory } from '../../src/history/compare.ts';
import type { HistoryRow } from '../../src/history/history.ts';
import { hashSteps, type Migration } from '../../src/migration.ts';
import { parseMigration } from '../../src/sources/parse-migration.ts';

function file(version: string, sql = 'select 1; vacuum; select 2;'): Migration {
  const parsed = parseMigration({ version, name: 'x', file: `${version}_x.sql` }, Buffer.from(sql));
  if (!('steps' in parsed)) throw new Error(parsed.message);
  return parsed;
}

function row(migration: Migration, stepsDone = migration.steps.length): HistoryRow {
  const { version, name, hash, steps } = migration;
  return {
    version,
    name,
    file: migration.file,
    hash,
    stepCount: steps.length,
    stepsDone,
    stepsHash: hashSteps(migration, stepsDone),
    wasInterrupted: false,
    appliedAt: stepsDone === steps.length ? new Date(0) : undefined,
    durationMs: 1,
  };
}

const compare = (
  files: Migration[],
  rows: HistoryRow[],
): { pending: unknown[]; problems: string[] } => {
  const { pending, problems } = compareWithHistory(files, rows, { label: 'ops.migrations' });
  return {
    pending: pending.map(({ migration, stepsDone }) => [migration.version, stepsDone]),
    problems: problems.map(({ code }) => code.replace('ERR_OPS_MIGRATION_', '')),
  };
};

describe('compareWithHistory', () => {
  test('a file that is half done is pending at its step, and not late', () => {
    const [one, two, three] = [file('1'), file('2'), file('3')];
    expect(compare([one, two, three], [row(one), row(two, 1)])).toEqual({
      pending: [
        ['2', 1],
        ['3', 0],
      ],
      problems: [],
    });
  });

  test('a new file before a half-done one is late', () => {
    const [one, two] = [file('1'), file('2')];
    expect(compare([one, two], [row(two, 1)]).problems).toEqual(['ORDER']);
  });

  test('missing, changed and late come in this order, all of them', () => {
    const [two, three] = [file('2'), file('3')];
    const rows = [row(file('1')), row(file('3', 'select 3'))];
    expect(compare([two, three], rows).problems).toEqual(['MISSING_FILE', 'DRIFT', 'ORDER']);
  });

  test('of a half-done file the done steps count, with their boundaries', () => {
    const original = file('1');
    const half = [row(original, 2)];
    expect(compare([file('1', 'select 1; vacuum; select 99;')], half).problems).toEqual([]);
    expect(compare([file('1', 'select 1; vacuum;')], half).problems).toEqual([]);
    expect(compare([file('1', 'select 1; vacuum full; select 2;')], half).problems).toEqual([
      'DRIFT',
    ]);
    expect(compare([file('1', 'select 1; select 1; vacuum; select 2;')], half).problems).toEqual([
      'DRIFT',
    ]);
    expect(compare([file('1', 'select 1;')], half).problems).toEqual(['DRIFT']);
  });

  test('versions compare as numbers of any length', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }), (a, b) => {
        const ref = (version: bigint) => ({ version: String(version), name: '', file: '' });
        expect(byVersion(ref(a), ref(b))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });
});
