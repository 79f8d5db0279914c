import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import {
  createMigrator,
  directory,
  type Migrator,
  type MigratorOptions,
  type Pack,
  pack,
} from '../src/index.ts';
import { useFolder } from './folder.ts';

const db = useDatabase();
const folder = useFolder();

function migrator(sources: MigratorOptions['sources']): Migrator {
  return createMigrator({ connection: db.pool(), sources, history: { schema: db.schema } });
}

const library: Pack = {
  name: 'library',
  migrations: [
    { version: '1', name: 'table', sql: 'create table {{schema}}.events (a int)' },
    {
      version: '2',
      name: 'index',
      sql: 'create index concurrently events_a on {{schema}}.events (a)',
    },
  ],
};

async function relations(): Promise<string[]> {
  const { rows } = await db
    .pool()
    .query<{ name: string }>(
      "select relname::text as name from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'i') and relname !~ '^migrations' order by 1",
      [db.schema],
    );
  return rows.map(({ name }) => name);
}

describe('a pack', () => {
  test('runs beside a directory with the same versions, in its own schema', async () => {
    await folder.write({ '1_mine.sql': 'create view v as select a from events' });
    const made = migrator([pack(library, { schema: db.schema }), directory(folder.path)]);
    const { applied } = await made.up();
    expect(applied.map((each) => `${each.pack} ${each.version}`)).toEqual([
      'library 1',
      'library 2',
      ' 1',
    ]);
    expect(await relations()).toEqual(['events', 'events_a']);
    expect((await made.up()).applied).toEqual([]);
    const { applied: before } = await made.status();
    expect(before.map((each) => `${each.file} ${each.origin}`)).toEqual([
      expect.stringMatching(/1_mine\.sql up$/),
      'library/1_table.sql up',
      'library/2_index.sql up',
    ]);
  });

  test('that waits for a table is applied by the same up that makes the table', async () => {
    await folder.write({ '1_mine.sql': 'create table events (a int)' });
    const waiting: Pack = {
      name: 'waiting',
      migrations: [
        {
          version: '1',
          name: 'view',
          sql: 'create view {{schema}}.seen as select a from {{schema}}.events',
          when: { table: 'events', columns: ['a'] },
        },
      ],
    };
    const made = migrator([pack(waiting, { schema: db.schema }), directory(folder.path)]);
    const { applied } = await made.up();
    expect(applied.map((each) => each.name)).toEqual(['mine', 'view']);
    expect((await made.status()).notes).toEqual([]);
  });

  test('that waits for a table is not run by an up that has a plan without it', async () => {
    await folder.write({ '1_mine.sql': 'create table events (a int)' });
    const waiting: Pack = {
      name: 'waiting',
      migrations: [{ version: '1', name: 'x', sql: 'select 1', when: { table: 'events' } }],
    };
    const made = migrator([pack(waiting, { schema: db.schema }), directory(folder.path)]);
    const { applied } = await made.up({ plan: await made.plan() });
    expect(applied.map((each) => each.name)).toEqual(['mine']);
    expect((await made.up()).applied.map((each) => each.name)).toEqual(['x']);
  });

  test('that is applied stays so under another schema', async () => {
    await migrator([pack(library, { schema: db.schema })]).up();
    const elsewhere = migrator([pack(library, { schema: 'public' })]);
    expect(await elsewhere.status()).toMatchObject({ pending: [], problems: [], notes: [] });
  });

  test('and the application may migrate apart, with one history', async () => {
    await folder.write({ '20250101000000_mine.sql': 'select 1' });
    await migrator([directory(folder.path)]).up();
    const own = migrator([pack(library, { schema: db.schema })]);
    await own.up();
    expect((await own.status()).problems).toEqual([]);
    expect((await migrator([directory(folder.path)]).status()).problems).toEqual([]);
  });

  test('says where in its text a statement failed', async () => {
    const broken = {
      name: 'broken',
      migrations: [{ version: '1', name: 'x', sql: '\nselect {{schema}}.nothing();' }],
    };
    await expect(migrator([pack(broken, { schema: db.schema })]).up()).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_SQL',
      file: 'broken/1_x.sql',
      line: 2,
    });
  });
});

describe('a migration that waits for a table', () => {
  const waiting: Pack = {
    name: 'waiting',
    migrations: ['one', 'two'].map((table, at) => ({
      version: String(at + 1),
      name: table,
      sql: `create index concurrently ${table}_a on {{schema}}.${table} (a)`,
      when: { table, columns: ['a', 'b'] },
    })),
  };

  test('is a note until the table has the columns, then it is pending', async () => {
    const made = migrator([pack(waiting, { schema: db.schema })]);
    await db.pool().query('create table one (a int); create table two (a int, b int)');
    expect((await made.up()).applied).toMatchObject([{ version: '2' }]);
    await made.assertCurrent();
    expect((await made.status()).notes).toMatchObject([
      {
        kind: 'not-applicable',
        migration: { pack: 'waiting', version: '1' },
        message: `waiting/1_one.sql waits for the table ${db.schema}.one with a, b`,
      },
    ]);
    await db.pool().query('alter table one add column b int');
    await expect(made.assertCurrent()).rejects.toMatchObject({ pending: [{ version: '1' }] });
    expect((await made.up()).applied).toMatchObject([{ version: '1' }]);
    expect(await made.status()).toMatchObject({ problems: [], notes: [] });
  });

  test('does not take a dropped column, or a view, for the real thing', async () => {
    await db
      .pool()
      .query(
        'create table one (a int, b int); alter table one drop column b; create view two as select 1 as a, 2 as b',
      );
    const made = migrator([pack(waiting, { schema: db.schema })]);
    expect((await made.up()).applied).toEqual([]);
    expect((await made.status()).notes).toHaveLength(2);
  });

  test('that is applied does not mind that the table is gone', async () => {
    const made = migrator([pack(waiting, { schema: db.schema })]);
    await db.pool().query('create table one (a int, b int); create table two (a int, b int)');
    expect((await made.up()).applied).toHaveLength(2);
    await db.pool().query('drop table one');
    expect(await made.status()).toMatchObject({ pending: [], problems: [], notes: [] });
  });
});
