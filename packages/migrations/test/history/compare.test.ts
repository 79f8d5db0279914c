import { describe, expect, test } from 'vitest';
import { compareWithHistory } from '../../src/history/compare.ts';
import type { HistoryRow } from '../../src/history/read-history.ts';
import { hashSteps } from '../../src/migration.ts';
import { parseFiles } from '../../src/sources/parse-files.ts';
import type { MigrationFile } from '../../src/sources/source.ts';
import { parsed, sqlFile } from '../migration-file.ts';

const SQL = 'select 1; vacuum; select 2;';

function file(version: string, sql = SQL, more: Partial<MigrationFile> = {}): MigrationFile {
  return sqlFile(version, sql, more);
}

function row(from: MigrationFile, stepsDone = parsed(from).steps.length): HistoryRow {
  const { hash, steps } = parsed(from);
  const { pack, version, name, rawHash } = from;
  return {
    pack,
    version,
    name,
    file: from.file,
    hash,
    rawHash,
    stepCount: steps.length,
    stepsDone,
    stepsHash: hashSteps(parsed(from), stepsDone),
    wasInterrupted: false,
    isReverting: false,
    position: undefined,
    origin: 'up',
    appliedAt: stepsDone === steps.length ? new Date(0) : undefined,
    durationMs: 1,
  };
}

interface Outcome {
  readonly pending: readonly (readonly [version: string, stepsDone: number])[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  /** Versions of the files that had to be parsed, and how often the catalog was asked. */
  readonly parsed: readonly string[];
  readonly catalogQueries: number;
}

interface World {
  readonly packs?: readonly string[];
  readonly allowOutOfOrder?: boolean;
  readonly tables?: readonly string[];
}

async function compare(
  files: MigrationFile[],
  rows: HistoryRow[],
  { packs = [''], allowOutOfOrder, tables = [] }: World = {},
): Promise<Outcome> {
  const seen: string[] = [];
  let catalogQueries = 0;
  const { pending, problems, notes } = await compareWithHistory(files, rows, {
    label: 'ops.migrations',
    packs: new Set(packs),
    allowOutOfOrder,
    nowMs: Date.UTC(2025, 1, 1),
    parse(some) {
      seen.push(...some.map(({ version }) => version));
      return parseFiles(some);
    },
    findApplicable(some) {
      catalogQueries += 1;
      return Promise.resolve(
        new Set(some.filter(({ when }) => tables.includes(when?.table ?? ''))),
      );
    },
    diff: () => Promise.resolve(undefined),
  });
  return {
    pending: pending.map(({ migration, stepsDone }) => [migration.version, stepsDone]),
    problems: problems.map(({ code }) => code.replace('ERR_OPS_MIGRATION_', '')),
    notes: notes.map(({ kind, migration }) => `${kind} ${migration.version}`),
    parsed: seen,
    catalogQueries,
  };
}

const NOTHING: Outcome = { pending: [], problems: [], notes: [], parsed: [], catalogQueries: 0 };

describe('compareWithHistory', () => {
  test('parses nothing and asks nothing when every file is what was applied', async () => {
    const when = { table: 't' };
    const files = [file('1'), file('2'), file('3', SQL, { pack: 'p', when })];
    const rows = files.map((each) => row(each));
    expect(await compare(files, rows, { packs: ['', 'p'] })).toEqual(NOTHING);
  });

  test('a file that is half done is pending at its step, and not late', async () => {
    const [one, two, three] = [file('1'), file('2'), file('3')];
    expect(await compare([one, two, three], [row(one), row(two, 1)])).toEqual({
      ...NOTHING,
      pending: [
        ['2', 1],
        ['3', 0],
      ],
      parsed: ['2', '3'],
    });
  });

  test('a new file before a half-done one is late', async () => {
    const [one, two] = [file('1'), file('2')];
    expect((await compare([one, two], [row(two, 1)])).problems).toEqual(['ORDER']);
  });

  test('dotted versions compare by their parts', async () => {
    const [nine, ten] = [file('1.9'), file('1.10')];
    expect((await compare([nine, ten], [row(nine)])).problems).toEqual([]);
    expect((await compare([nine, ten], [row(ten)])).problems).toEqual(['ORDER']);
  });

  test('a late file is taken when the call allows it', async () => {
    const outcome = await compare([file('1'), file('2')], [row(file('2'))], {
      allowOutOfOrder: true,
    });
    expect(outcome).toMatchObject({ pending: [['1', 0]], problems: [] });
  });

  test('missing, changed and late come in this order, all of them', async () => {
    const [two, three] = [file('2'), file('3')];
    const rows = [row(file('1')), row(file('3', 'select 3'))];
    expect((await compare([two, three], rows)).problems).toEqual([
      'MISSING_FILE',
      'DRIFT',
      'ORDER',
    ]);
  });

  test('an edit that says the same is a note', async () => {
    const outcome = await compare([file('1', `-- licence\r\n${SQL}`)], [row(file('1'))]);
    expect(outcome).toEqual({ ...NOTHING, notes: ['cosmetic-edit 1'], parsed: ['1'] });
  });

  test('of a half-done file the done steps count, with their boundaries', async () => {
    const half = [row(file('1'), 2)];
    const problems = async (sql: string): Promise<readonly string[]> =>
      (await compare([file('1', sql)], half)).problems;
    expect(await problems('select 1; vacuum; select 99;')).toEqual([]);
    expect(await problems('select 1; vacuum;')).toEqual([]);
    expect(await problems('select 1; vacuum full; select 2;')).toEqual(['DRIFT']);
    expect(await problems('select 1; select 1; vacuum; select 2;')).toEqual(['DRIFT']);
    expect(await problems('select 1;')).toEqual(['DRIFT']);
  });

  test('a version in the far future is a problem while it is pending', async () => {
    // Two days from 2025-02-01 are allowed.
    expect((await compare([file('20250203000000')], [])).problems).toEqual([]);
    const nines = file('99999999999999');
    expect((await compare([file('20250203000001'), nines], [])).problems).toEqual(['SOURCE']);
    expect((await compare([nines], [row(nines)])).problems).toEqual([]);
    // Only 14 digits are a time.
    expect((await compare([file('999999999999999'), file('9999')], [])).problems).toEqual([]);
  });

  test('a file that is half taken back keeps up from running', async () => {
    const rows = [{ ...row(file('1'), 1), isReverting: true }];
    expect((await compare([file('1')], rows)).problems).toEqual(['HALF_REVERTED']);
  });
});

describe('packs', () => {
  test('have versions, order and missing files of their own', async () => {
    const [one, two] = [file('1', SQL, { pack: 'p' }), file('2', SQL, { pack: 'p' })];
    const app = file('20250101000000');
    const outcome = await compare([one, two, app], [row(one), row(app)], { packs: ['p', ''] });
    expect(outcome).toMatchObject({ pending: [['2', 0]], problems: [] });
    const late = await compare([one, two, app], [row(two), row(app)], { packs: ['p', ''] });
    expect(late.problems).toEqual(['ORDER']);
    const gone = await compare([one, app], [row(one), row(two), row(app)], { packs: ['p', ''] });
    expect(gone.problems).toEqual(['MISSING_FILE']);
  });

  test('rows of a pack without a source are left alone', async () => {
    const other = row(file('7', SQL, { pack: 'other' }));
    expect(await compare([file('1')], [row(file('1')), other])).toEqual(NOTHING);
    expect(await compare([], [row(file('1'))], { packs: ['p'] })).toEqual(NOTHING);
    expect((await compare([], [row(file('1'))])).problems).toEqual(['MISSING_FILE']);
  });

  test('what waits for a table is a note, asked for once, and not late afterwards', async () => {
    const [one, two, three] = ['a', 'b', 'c'].map((table, at) =>
      file(String(at + 1), SQL, { pack: 'p', when: { table } }),
    ) as [MigrationFile, MigrationFile, MigrationFile];
    const files = [one, two, three];
    const first = await compare(files, [], { packs: ['p'], tables: ['b'] });
    expect(first).toEqual({
      pending: [['2', 0]],
      problems: [],
      notes: ['not-applicable 1', 'not-applicable 3'],
      parsed: ['2'],
      catalogQueries: 1,
    });
    const second = await compare(files, [row(two)], { packs: ['p'], tables: ['a', 'b'] });
    expect(second).toMatchObject({ pending: [['1', 0]], problems: [] });
  });
});
