import { describe, expect, test } from 'vitest';
import { detectTools } from '../../../src/history/adopt/find-table.ts';
import { useAdoption } from './use-adoption.ts';

const { db, folder, pool, migrator, value, query } = useAdoption();

describe('finding the table', () => {
  test('another schema and name are told to it', async () => {
    const other = `${db.schema} "b"`;
    const quoted = `"${other.replaceAll('"', '""')}"`;
    try {
      await pool().query(`
        create schema ${quoted};
        create table ${quoted}."my migrations" (version varchar primary key);
        insert into ${quoted}."my migrations" values ('1')`);
      await folder.write({ '1_a.sql': 'select 1;' });
      await expect(migrator().adopt('dbmate')).rejects.toMatchObject({
        problems: [{ kind: 'table', message: 'there is no table schema_migrations of it' }],
      });
      const place = { schema: other, table: 'my migrations' };
      expect(await migrator().adopt('dbmate', place)).toMatchObject({
        table: `${other}.my migrations`,
        adopted: [{ version: '1' }],
      });
    } finally {
      await pool().query(`drop schema ${quoted} cascade`);
    }
  });

  test('the wrong tool is told from the right one by the columns', async () => {
    await pool().query(
      'create table schema_migrations (version bigint primary key, dirty boolean)',
    );
    await folder.write({ '1_a.sql': 'select 1;' });
    await expect(migrator().adopt('dbmate')).rejects.toMatchObject({
      table: undefined,
      problems: [
        {
          kind: 'table',
          message: `there is no table schema_migrations of it; ${db.schema}.schema_migrations has other columns`,
          hint: expect.stringContaining(`Found: golang-migrate (${db.schema}.schema_migrations).`),
        },
      ],
    });
  });

  test('two outside of the search path are one too many', async () => {
    const [a, b] = [`${db.schema}_a`, `${db.schema}_b`];
    try {
      for (const schema of [a, b]) {
        await pool().query(
          `create schema ${schema}; create table ${schema}.schema_migrations (version varchar)`,
        );
      }
      await folder.write({ '1_a.sql': 'select 1;' });
      await expect(migrator().adopt('dbmate')).rejects.toMatchObject({
        problems: [
          { message: `it has several tables: ${a}.schema_migrations, ${b}.schema_migrations` },
        ],
      });
      expect(await migrator().adopt('dbmate', { schema: b })).toMatchObject({
        table: `${b}.schema_migrations`,
        adopted: [],
        notes: expect.arrayContaining(['dbmate has applied nothing.']),
      });
      expect(await value("select to_regclass('migrations')")).toBeNull();
    } finally {
      await pool().query(`drop schema ${a} cascade; drop schema ${b} cascade`);
    }
  });

  test('Supabase’s own services are not taken for dbmate', async () => {
    try {
      await pool().query(`
        create schema auth; create table auth.schema_migrations (version varchar(255) primary key);
        create schema realtime; create table realtime.schema_migrations (version bigint, inserted_at timestamp)`);
      const detected = await detectTools({ query });
      expect(detected).toEqual([]);
      await folder.write({ '1_a.sql': 'select 1;' });
      await expect(migrator().adopt('dbmate')).rejects.toMatchObject({
        problems: [{ hint: expect.stringMatching(/^No table of any known tool was found/) }],
      });
    } finally {
      await pool().query('drop schema auth cascade; drop schema realtime cascade');
    }
  });

  test('a table that may not be read is told, with the cause', async () => {
    const role = `${db.schema}_reader`;
    await pool().query(`
      create table schema_migrations (version varchar);
      create role ${role} login password 'p';
      grant usage, create on schema ${db.schema} to ${role}`);
    try {
      await folder.write({ '1_a.sql': 'select 1;' });
      const url = new URL(db.url);
      url.username = role;
      url.password = 'p';
      const connection = pool({ connectionString: url.href });
      await expect(migrator({ connection }).adopt('dbmate')).rejects.toMatchObject({
        problems: [{ kind: 'table', message: expect.stringContaining('permission denied') }],
        cause: { code: '42501' },
      });
    } finally {
      await pool().query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  test('rows that a policy hides are not passed over', async () => {
    const role = `${db.schema}_reader`;
    await pool().query(`
      create table schema_migrations (version varchar);
      insert into schema_migrations values ('1'), ('2');
      alter table schema_migrations enable row level security;
      create role ${role} login password 'p';
      grant usage, create on schema ${db.schema} to ${role};
      grant select on schema_migrations to ${role};
      create policy half on schema_migrations using (version = '1')`);
    try {
      await folder.write({ '1_a.sql': 'select 1;' });
      const url = new URL(db.url);
      url.username = role;
      url.password = 'p';
      const connection = pool({ connectionString: url.href });
      await expect(migrator({ connection }).adopt('dbmate')).rejects.toMatchObject({
        problems: [{ kind: 'table', message: expect.stringContaining('row-level security') }],
      });
    } finally {
      await pool().query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  test('a tool that there is not, and options that there are not', async () => {
    await folder.write({ '1_a.sql': 'select 1;' });
    const made = migrator();
    await expect(made.adopt('constructor' as never)).rejects.toMatchObject({
      code: 'ERR_OPS_INVALID_OPTIONS',
      message: expect.stringContaining('supabase or node-pg-migrate or'),
    });
    await expect(made.adopt('dbmate', { schem: 'x' } as never)).rejects.toMatchObject({
      message: expect.stringContaining('schem: no such option'),
    });
  });
});
