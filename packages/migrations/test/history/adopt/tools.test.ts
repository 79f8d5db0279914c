import { describe, expect, test } from 'vitest';
import { flyway } from '../../../src/history/adopt/flyway.ts';
import { golangMigrate } from '../../../src/history/adopt/golang-migrate.ts';
import { goose } from '../../../src/history/adopt/goose.ts';
import { knex } from '../../../src/history/adopt/knex.ts';
import { prisma } from '../../../src/history/adopt/prisma.ts';
import { supabase } from '../../../src/history/adopt/supabase.ts';
import { TOOLS } from '../../../src/history/adopt/tools.ts';
import { readRows } from './rows.ts';

describe('Flyway', () => {
  interface Given {
    readonly version: string | null;
    readonly type?: string;
    readonly success?: boolean;
    readonly description?: string;
  }
  const row = ({ version, type = 'SQL', success = true, description = 'x' }: Given): object => ({
    version,
    description,
    type,
    script: `${version === null ? 'R' : `V${version}`}__${description}.sql`,
    checksum: null,
    applied_ms: '1700000000000.5',
    success,
  });

  test('the log is played to its end', async () => {
    const history = await readRows(flyway, [
      row({ version: null, type: 'SCHEMA', description: '<< Flyway Schema Creation >>' }),
      row({ version: '1' }),
      row({ version: '1.1' }),
      row({ version: '002.0' }),
      row({ version: '1.1', type: 'UNDO_SQL' }),
      row({ version: '3' }),
      row({ version: '3', type: 'DELETE' }),
      row({ version: '4', type: 'UNDO_SCRIPT' }),
      row({ version: '4', type: 'JDBC' }),
    ]);
    expect(history.entries).toMatchObject([
      { version: '1', label: 'V1__x.sql', appliedAt: new Date(1_700_000_000_000) },
      { version: '2', missingHint: undefined },
      { version: '4', missingHint: expect.stringContaining('V4__<name>.sql') },
    ]);
    expect(history).toMatchObject({ upTo: undefined, problems: [], notes: [] });
  });

  test('what failed is a problem, unless it was taken back', async () => {
    const { entries, problems } = await readRows(flyway, [
      row({ version: '1', success: false }),
      row({ version: '1', type: 'DELETE' }),
      row({ version: '2', success: false }),
      row({ version: null, success: false }),
    ]);
    expect(entries).toEqual([]);
    expect(problems).toMatchObject([
      { kind: 'unfinished', row: 'V2__x.sql' },
      { kind: 'unfinished', row: 'R__x.sql' },
    ]);
  });

  test.each(['BASELINE', 'INIT', 'SQL_BASELINE', 'JDBC_STATE_SCRIPT'])(
    'a %s stands for all up to it',
    async (type) => {
      const history = await readRows(flyway, [
        row({ version: '1' }),
        row({ version: '5.2', type }),
        row({ version: '6' }),
      ]);
      expect(history.upTo).toEqual({ version: '5.2', label: "Flyway's baseline is 5.2" });
      expect(history.entries).toMatchObject([{ version: '1' }, { version: '6' }]);
    },
  );

  test('repeatable ones are left out and told', async () => {
    const { notes } = await readRows(flyway, [
      row({ version: null, description: 'views' }),
      row({ version: null, description: 'views' }),
      row({ version: null, description: 'gone' }),
      row({ version: null, description: 'gone', type: 'DELETE' }),
    ]);
    expect(notes).toEqual([expect.stringMatching(/^R__views\.sql is repeatable/)]);
  });
});

test('goose: the newest row of a version counts', async () => {
  const row = (version_id: string, is_applied: boolean): object => {
    return { version_id, is_applied, applied_ms: 'Infinity' };
  };
  const { entries } = await readRows(goose, [
    row('1', true),
    row('2', true),
    row('2', false),
    row('3', true),
    row('3', false),
    row('3', true),
  ]);
  expect(entries).toMatchObject([{ version: '1', appliedAt: undefined }, { version: '3' }]);
});

describe('golang-migrate', () => {
  test('one row stands for all before it', async () => {
    const history = await readRows(golangMigrate, [{ version: '20250301', dirty: false }]);
    expect(history).toMatchObject({
      entries: [{ version: '20250301' }],
      upTo: { version: '20250301', label: 'golang-migrate is at version 20250301' },
      problems: [],
    });
  });

  test.each(['20250301', '-1'])(
    'dirty at %s is a problem, and nothing else is said',
    async (at) => {
      const history = await readRows(golangMigrate, [{ version: at, dirty: true }]);
      expect(history).toMatchObject({
        entries: [],
        upTo: undefined,
        problems: [{ kind: 'unfinished', row: at, hint: expect.stringContaining('migrate force') }],
      });
    },
  );

  test('no row means that nothing is applied', async () => {
    expect(await readRows(golangMigrate, [])).toMatchObject({ entries: [], problems: [] });
  });
});

test('Prisma: a migration that was resolved and applied again is one; one without end is a problem', async () => {
  const row = (migration_name: string, finished_ms: string | null): object => {
    return { migration_name, finished_ms, checksum: '' };
  };
  const { entries, problems } = await readRows(prisma, [
    row('0_init', '1'),
    row('1_a', '2'),
    row('1_a', '3'),
    row('2_b', null),
  ]);
  expect(entries).toMatchObject([
    { version: '0', name: 'init' },
    { version: '1', name: 'a', appliedAt: new Date(3) },
  ]);
  expect(problems).toMatchObject([{ row: '2_b', hint: expect.stringContaining('resolve') }]);
});

test('Knex: a name that is null does not fit any file', async () => {
  const { entries } = await readRows(knex, [{ name: null, applied_ms: null }]);
  expect(entries).toMatchObject([{ label: '(null)', version: undefined }]);
});

test('Supabase: the name counts where there is no content', async () => {
  const { entries } = await readRows(supabase, [
    { version: '00001', name: 'a', statements: null },
    { version: '00002', name: 'b', statements: '["select 1"]' },
    { version: '00003', name: null, statements: null },
  ]);
  expect(entries).toMatchObject([
    { label: '00001_a', version: '1', name: 'a', compare: undefined },
    { label: '00002_b', version: '2', name: undefined, compare: expect.any(Function) },
    { label: '00003', version: '3', name: undefined },
  ]);
});

test('every tool is under its own name', () => {
  for (const [name, tool] of Object.entries(TOOLS)) expect(tool.name).toBe(name);
});
