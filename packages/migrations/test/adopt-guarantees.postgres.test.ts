import { describe, expect, test } from 'vitest';
import type { MigrationEvent, Migrator } from '../src/index.ts';
import { useAdoption } from './history/adopt/use-adoption.ts';

const { db, folder, pool, migrator, value } = useAdoption();

/** Sessions of this database that wait for a lock. */
const WAITING = `
  select count(*)::int
  from pg_locks
  where not granted
    and database = (select oid from pg_database where datname = current_database())`;

describe('what is in the way is told at once, and nothing is written', () => {
  test('drift with its place, files missing, and a migration that failed', async () => {
    await pool().query(`
      create table schema_migrations (version text primary key, statements text[], name text);
      insert into schema_migrations values
        ('1', array['create table a (id int)', 'select 1'], 'a'),
        ('2', array['select 2'], 'b'),
        ('3', null, 'old_name')`);
    await folder.write({
      '1_a.sql': '-- fine\nCREATE TABLE a (\n  id bigint\n);\nselect 1;\n',
      '3_new_name.sql': 'select 3;',
    });
    const adopting = migrator().adopt('supabase');
    await expect(adopting).rejects.toMatchObject({
      name: 'AdoptError',
      tool: 'supabase',
      table: `${db.schema}.schema_migrations`,
      problems: [
        {
          kind: 'drift',
          row: '1_a',
          line: 3,
          column: 6,
          message: 'says bigint, where int was applied',
        },
        { kind: 'missing-file', row: '2_b' },
        {
          kind: 'missing-file',
          row: '3_old_name',
          file: expect.stringMatching(/3_new_name\.sql$/),
        },
      ],
      message: expect.stringMatching(
        /^3 problems with the history of supabase in \S+; nothing was written\n- 1_a, \S+1_a\.sql:3:6: says bigint/,
      ),
    });
    expect(await value("select to_regclass('migrations')")).toBeNull();
  });

  test.each([
    [
      'flyway',
      'flyway_schema_history',
      "(1, '1', 'a', 'SQL', 'V1__a.sql', 7, 'me', now(), 1, false)",
      'V1__a.sql',
    ],
    ['prisma', '_prisma_migrations', "('x', 'y', null, '1_a', null, null, now(), 0)", '1_a'],
    ['golang-migrate', 'schema_migrations', '(1, true)', '1'],
  ] as const)('%s: unfinished', async (tool, table, row, name) => {
    const columns = {
      flyway:
        'installed_rank int, version text, description text, type text, script text, checksum int, installed_by text, installed_on timestamp, execution_time int, success boolean',
      prisma:
        'id text, checksum text, finished_at timestamptz, migration_name text, logs text, rolled_back_at timestamptz, started_at timestamptz, applied_steps_count int',
      'golang-migrate': 'version bigint, dirty boolean',
    };
    await pool().query(
      `create table ${table} (${columns[tool]}); insert into ${table} values ${row}`,
    );
    await folder.write({ '1_a.sql': 'select 1;' });
    await expect(migrator().adopt(tool)).rejects.toMatchObject({
      problems: [{ kind: 'unfinished', row: name }],
    });
    expect(await value("select to_regclass('migrations')")).toBeNull();
  });

  test('Knex: while it holds its lock', async () => {
    await pool().query(`
      create table knex_migrations (id serial, name text, batch int, migration_time timestamptz);
      create table knex_migrations_lock (index serial, is_locked int);
      insert into knex_migrations_lock (is_locked) values (1)`);
    await folder.write({ '1_a.sql': 'select 1;' });
    await expect(migrator().adopt('knex')).rejects.toMatchObject({
      problems: [{ kind: 'unfinished', row: 'knex_migrations_lock' }],
    });
  });

  test('rows of ours that the tool does not know are no obstacle, the other way round they are', async () => {
    await folder.write({ '1_a.sql': 'select 1;', '2_b.sql': 'select 2;' });
    const made = migrator();
    await made.up();
    await pool().query(
      "create table schema_migrations (version varchar primary key); insert into schema_migrations values ('1')",
    );
    expect(await made.adopt('dbmate')).toMatchObject({ alreadyThere: [{ version: '1' }] });
    await pool().query("insert into schema_migrations values ('3')");
    await folder.write({ '3_c.sql': 'select 3;' });
    await expect(made.adopt('dbmate')).rejects.toMatchObject({
      problems: [{ kind: 'history', message: expect.stringContaining('3_c') }],
    });
  });

  test('a pending file may not be parsed, an applied one need not', async () => {
    await pool().query(
      "create table schema_migrations (version varchar primary key); insert into schema_migrations values ('1')",
    );
    await folder.write({
      '1_a.sql': 'begin; create table a (); commit;\n',
      '2_b.sql': 'select 2;',
    });
    const made = migrator();
    expect(await made.adopt('dbmate')).toMatchObject({
      adopted: [{ version: '1' }],
      notes: expect.arrayContaining([expect.stringContaining('would refuse to run it')]),
    });
    expect((await made.up()).applied).toMatchObject([{ version: '2' }]);
  });
});
describe('what was adopted', () => {
  async function adopted(): Promise<Migrator> {
    await pool().query(
      "create table schema_migrations (version varchar primary key); insert into schema_migrations values ('1'), ('2')",
    );
    await folder.write({ '1_a.sql': 'create table a (id int);\n', '2_b.sql': 'select 2;\n' });
    return migrator();
  }

  test('is held against its files from then on, with a diff', async () => {
    const made = await adopted();
    await made.adopt('dbmate');
    await folder.write({ '1_a.sql': '-- licence\nCREATE TABLE a (id int);\n' });
    expect((await made.up()).applied).toEqual([]);
    await folder.write({ '1_a.sql': 'create table a (id bigint);\n' });
    await expect(made.up()).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_DRIFT',
      files: [
        {
          version: '1',
          diff: expect.stringMatching(
            /-create table a \(id int\);\n\+create table a \(id bigint\);/,
          ),
        },
      ],
    });
  });

  test('is written as a whole or not at all', async () => {
    const made = await adopted();
    await made.adopt('dbmate');
    await pool().query(`
      truncate migrations;
      create function refuse() returns trigger language plpgsql as
        $$ begin if new.version = '2' then raise 'no room'; end if; return new; end $$;
      create trigger refuse before insert on migrations for each row execute function refuse()`);
    await expect(made.adopt('dbmate')).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_HISTORY',
      message: expect.stringContaining('no room'),
    });
    expect(await value('select count(*)::int from migrations')).toBe(0);
    await pool().query('drop trigger refuse on migrations');
    expect((await made.adopt('dbmate')).adopted).toHaveLength(2);
  });
});
describe('under the lock', () => {
  test('of two at once, one records and the other finds it done', async () => {
    await pool().query(
      "create table schema_migrations (version varchar primary key); insert into schema_migrations values ('1')",
    );
    await folder.write({ '1_a.sql': 'select 1;' });
    const reports = await Promise.all([migrator().adopt('dbmate'), migrator().adopt('dbmate')]);
    const [first, second] = reports.toSorted((a, b) => a.adopted.length - b.adopted.length);
    expect(first).toMatchObject({ adopted: [], alreadyThere: [{ version: '1' }] });
    expect(second).toMatchObject({ adopted: [{ version: '1' }], alreadyThere: [] });
  });

  test('an abort while waiting for the tool’s table leaves nothing', async () => {
    await pool().query('create table schema_migrations (version varchar)');
    await folder.write({ '1_a.sql': 'select 1;' });
    const blocker = await pool().connect();
    try {
      await blocker.query('begin; lock table schema_migrations in access exclusive mode');
      const controller = new AbortController();
      const adopting = migrator().adopt('dbmate', { signal: controller.signal });
      const waiting = async (): Promise<void> => {
        await expect.poll(() => value(WAITING)).toBe(1);
        controller.abort('enough');
      };
      await Promise.all([expect(adopting).rejects.toBe('enough'), waiting()]);
    } finally {
      await blocker.query('rollback');
      blocker.release();
    }
    expect(
      await value(
        "select count(*)::int from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
      ),
    ).toBe(0);
    expect(await value("select to_regclass('migrations')")).toBeNull();
  });

  test('the holder is told of while its lock is awaited', async () => {
    await pool().query('create table schema_migrations (version varchar)');
    await folder.write({ '1_a.sql': 'select 1;' });
    const blocker = await pool().connect();
    try {
      await blocker.query('begin; lock table schema_migrations in access exclusive mode');
      const first = migrator().adopt('dbmate');
      const events: MigrationEvent[] = [];
      const letGo = async (): Promise<void> => {
        await expect.poll(() => value(WAITING)).toBe(1);
        const second = migrator({ onEvent: (event) => events.push(event) }).adopt('dbmate');
        const seen = async (): Promise<void> => {
          await expect.poll(() => events.length).toBe(1);
          await blocker.query('rollback');
        };
        await Promise.all([second, seen()]);
      };
      await Promise.all([first, letGo()]);
      expect(events).toMatchObject([{ type: 'waiting', holder: { pid: expect.any(Number) } }]);
    } finally {
      blocker.release(true);
    }
  });
});
