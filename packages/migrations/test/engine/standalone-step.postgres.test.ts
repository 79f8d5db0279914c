import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import {
  createMigrator,
  directory,
  type MigrationEvent,
  type Migrator,
  type MigratorOptions,
} from '../../src/index.ts';
import { useFolder } from '../folder.ts';
import { inSchema } from '../replica.ts';

const db = useDatabase();
const folder = useFolder();

function migrator(options: Partial<MigratorOptions> = {}): Migrator {
  return createMigrator({
    connection: inSchema(db.url, db.schema),
    sources: [directory(folder.path)],
    history: { schema: db.schema },
    ...options,
  });
}

async function value(sql: string): Promise<unknown> {
  const { rows } = await db.pool().query({ text: sql, rowMode: 'array' });
  return (rows[0] as unknown[] | undefined)?.[0];
}

describe('an interrupted reindex … concurrently', () => {
  /** Invalid indexes, also of long values. */
  const remains = `select coalesce(string_agg(replace(c.relname, r.oid::text, ''), ' ' order by c.relname), '')
    from pg_index i join pg_class c on c.oid = i.indexrelid
    join pg_class t on t.oid = i.indrelid
    join pg_class r on r.oid = t.oid or r.reltoastrelid = t.oid
    where not i.indisvalid and r.relname in ('t', 'u') and r.relnamespace = current_schema()::regnamespace`;

  /** Ends \`up\` in the middle of the statement, as a crash would, by ending its server process. */
  async function interrupt(statement: string): Promise<void> {
    const blocker = await db.pool().connect();
    await blocker.query('begin; insert into t values (-1)');
    await folder.write({ '1_a.sql': statement });
    const watching = db.pool({ max: 1 });
    const running = migrator().up();
    const isWaiting =
      "from pg_stat_progress_create_index where datname = current_database() and phase like 'waiting%'";
    while ((await watching.query(`select ${isWaiting}`)).rowCount === 0);
    await watching.query(`select pg_terminate_backend(pid) ${isWaiting}`);
    await expect(running).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_CONNECTION' });
    await blocker.query('rollback');
    blocker.release();
  }

  test.each([
    ['index', 'reindex (verbose) index concurrently "I one"', /^I one_ccnew$/],
    ['table', 'REINDEX TABLE CONCURRENTLY t', /^I one_ccnew j_ccnew pg_toast__index_ccnew$/],
    ['schema', 'reindex (concurrently) schema SCHEMA', /_ccnew/],
  ])('of %s leaves nothing behind after the next up', async (_kind, statement, left) => {
    await db.pool().query(`
      create table t (a int, b text); insert into t select generate_series(1, 10), 'x';
      create index "I one" on t (a); create index j on t (b)`);
    await interrupt(statement.replace('SCHEMA', db.schema));
    expect(await value(remains)).toMatch(left);
    const events: MigrationEvent[] = [];
    const report = await migrator({ onEvent: (event) => events.push(event) }).up();
    expect(report.recovered.length).toBeGreaterThan(0);
    expect(events.filter(({ type }) => type === 'index-recovered')).toHaveLength(
      report.recovered.length,
    );
    expect(await value(remains)).toBe('');
  });

  test('what another table has left, and what is valid, stays', async () => {
    await db.pool().query(`
      create table t (a int); insert into t values (1), (2); create index i on t (a); create index i_ccnew9 on t (a);
      create table u (a int); insert into u values (1), (1)`);
    await db
      .pool()
      .query('create unique index concurrently u_ccnew on u (a)')
      .catch(() => {});
    await interrupt('reindex index concurrently i');
    expect(await value(remains)).toBe('i_ccnew u_ccnew');
    expect((await migrator().up()).recovered).toEqual([
      { index: 'i_ccnew', file: expect.stringContaining('1_a.sql') },
    ]);
    expect(await value(remains)).toBe('u_ccnew');
    expect(await value("select to_regclass('i_ccnew9') is not null")).toBe(true);
  });

  test('while somebody builds on that table, nothing is dropped; afterwards it is', async () => {
    await db
      .pool()
      .query('create table t (a int); insert into t values (1); create index i on t (a)');
    await interrupt('reindex index concurrently i');
    const blocker = await db.pool().connect();
    await blocker.query('begin; insert into t values (2)');
    const building = db.pool().query('create index concurrently other on t (a)');
    const watching = db.pool({ max: 1 });
    const isBuilding =
      "select from pg_stat_progress_create_index where datname = current_database() and phase like 'waiting%'";
    while ((await watching.query(isBuilding)).rowCount === 0);
    const running = migrator().up();
    const isWaiting =
      "select from pg_stat_activity where datname = current_database() and query like 'reindex%' and wait_event_type = 'Lock'";
    while ((await watching.query(isWaiting)).rowCount === 0);
    expect(await value(remains)).toBe('i_ccnew other');
    await blocker.query('commit');
    blocker.release();
    await building;
    expect((await running).recovered).toMatchObject([{ index: 'i_ccnew' }]);
    expect(await value(remains)).toBe('');
  });
});

describe('a call of a procedure that commits', () => {
  const COMMITS =
    'create procedure %s() language plpgsql as $$ begin insert into log values (1); commit; end $$';
  const LOG = 'create table log (a int)';
  /** Kinds of steps of the last file. */
  async function kinds(): Promise<string[]> {
    const seen: string[] = [];
    await migrator({
      onEvent: (event) => {
        if (event.type === 'step-started') seen.push(event.step.kind);
      },
    }).up();
    return seen;
  }

  test('runs alone, whether its file, another or only the database defines it', async () => {
    await db.pool().query(`${LOG}; ${COMMITS.replace('%s', 'known')}`);
    await folder.write({
      '1_define.sql': COMMITS.replace('%s', 'defined'),
      '2_same.sql': `${COMMITS.replace('%s', 'own')}; call own();`,
      '3_call.sql': `insert into log values (2); call defined(); CALL ${db.schema}.Known(); insert into log values (3);`,
    });
    expect(await kinds()).toEqual([
      'transaction',
      'transaction',
      'standalone',
      'transaction',
      'standalone',
      'standalone',
      'transaction',
    ]);
    expect(await value('select array_agg(a order by a) from log')).toEqual([1, 1, 1, 2, 3]);
  });

  test('also when it commits through another procedure, or is called from a block', async () => {
    await db.pool().query(`${LOG}; ${COMMITS.replace('%s', '"In ner"')};
      create procedure outer_one() language plpgsql as $$ begin call "In ner"(); end $$`);
    await folder.write({
      '1_a.sql': 'insert into log values (5); call outer_one();',
      '2_b.sql': 'insert into log values (6); do $$ begin call outer_one(); end $$;',
    });
    expect(await kinds()).toEqual(['transaction', 'standalone', 'transaction', 'standalone']);
    expect(await value('select sum(a)::int from log')).toBe(13);
  });

  test('one that does not commit shares the transaction', async () => {
    await db.pool().query(`${LOG};
      create procedure quiet() language plpgsql as $$ begin insert into log values (1); -- commit;
        end $$; create procedure plain() language sql as 'insert into log values (2)'`);
    await folder.write({ '1_a.sql': 'call quiet(); call plain(); insert into log values (3)' });
    expect(await kinds()).toEqual(['transaction']);
    expect(await value('select sum(a)::int from log')).toBe(6);
  });

  test('one that is nowhere is an error of its statement, with its place', async () => {
    await folder.write({ '1_a.sql': 'select 1;\n  call nowhere()' });
    await expect(migrator().up()).rejects.toMatchObject({ sqlstate: '42883', line: 2, column: 8 });
  });

  test('what cannot be told beforehand fails with the way out', async () => {
    await db.pool().query(`${LOG}; ${COMMITS.replace('%s', 'hidden')}`);
    await folder.write({
      '1_a.sql': "do $$ begin execute 'call hidden()'; end $$;",
    });
    await expect(migrator().up()).rejects.toMatchObject({
      sqlstate: '2D000',
      hint: expect.stringContaining('-- ops: no-transaction'),
    });
  });
});
