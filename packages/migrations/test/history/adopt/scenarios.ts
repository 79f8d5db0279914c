import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type pg from 'pg';
import type { AdoptedTool } from '../../../src/history/adopt/tool.ts';

/**
 * A folder as a tool has it, whose first two migrations are applied, and the table that the tool then
 * has. Each migration creates a table of its own, so running one twice fails.
 */
export interface Scenario {
  readonly tool: AdoptedTool;
  /** By path. The applied ones first, then one that is pending. */
  readonly files: Readonly<Record<string, string>>;
  /** Sub-folder that the tool keeps its applied files in. */
  readonly folder?: string | undefined;
  /** Of our history, once all is applied. */
  readonly versions: readonly [string, string, string];
  /** Whether the tool keeps times. The rows below have 2025-01-02 03:04:05 UTC. */
  readonly hasTimes: boolean;
  /** Schema that the tool makes for itself. */
  readonly ownSchema?: string | undefined;
  /** Creates the tool's table with two rows in the schema of the search path. */
  fill(pool: pg.Pool, texts: readonly string[]): Promise<void>;
}

const AT = "timestamptz '2025-01-02 03:04:05+00'";
const ONE = 'create table one (id int);\n';
const TWO = "create table two (id int);\ninsert into two values (1); -- 'ö'\n";
const THREE = 'create table three (id int);\n';

const supabase: Scenario = {
  tool: 'supabase',
  files: {
    '20250101000000_one.sql': ONE,
    '20250102000000_two.sql': TWO,
    '20250103000000_three.sql': THREE,
  },
  versions: ['20250101000000', '20250102000000', '20250103000000'],
  hasTimes: false,
  ownSchema: 'supabase_migrations',
  async fill(pool) {
    await pool.query(`
      create schema supabase_migrations;
      create table supabase_migrations.schema_migrations (version text not null primary key);
      alter table supabase_migrations.schema_migrations add column statements text[];
      alter table supabase_migrations.schema_migrations add column name text`);
    await pool.query(
      'insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3), ($4, $5, $6)',
      [
        '20250101000000',
        'one',
        ['create table one (id int)'],
        '20250102000000',
        'two',
        ['create table two (id int)', 'insert into two values (1)', "-- 'ö'"],
      ],
    );
  },
};

const flyway: Scenario = {
  tool: 'flyway',
  files: { 'V1__one.sql': ONE, 'V1_1__Two_things.sql': TWO, 'V2.0__three.sql': THREE },
  versions: ['1', '1.1', '2'],
  hasTimes: true,
  async fill(pool, texts) {
    const checksums = texts.map((text) => crc32(text.split('\n').join('')) | 0);
    await pool.query(`
      create table flyway_schema_history (
        installed_rank integer not null primary key,
        version varchar(50),
        description varchar(200) not null,
        type varchar(20) not null,
        script varchar(1000) not null,
        checksum integer,
        installed_by varchar(100) not null,
        installed_on timestamp not null default now(),
        execution_time integer not null,
        success boolean not null
      );
      insert into flyway_schema_history values
        (0, null, '<< Flyway Schema Creation >>', 'SCHEMA', '"x"', null, 'me', ${AT}, 0, true),
        (1, '1', 'one', 'SQL', 'V1__one.sql', ${checksums[0]}, 'me', ${AT}, 1, true),
        (2, '1.1', 'Two things', 'SQL', 'V1_1__Two_things.sql', ${checksums[1]}, 'me', ${AT}, 1, true)`);
  },
};

const dbmate: Scenario = {
  tool: 'dbmate',
  files: {
    '20250101000000_one.sql': `-- migrate:up\n${ONE}\n-- migrate:down\ndrop table one;\n`,
    '20250102000000_two.sql': `-- migrate:up\n${TWO}\n-- migrate:down\ndrop table two;\n`,
    '20250103000000_three.sql': `-- migrate:up transaction:false\n${THREE}\n-- migrate:down\ndrop table three;\n`,
  },
  versions: ['20250101000000', '20250102000000', '20250103000000'],
  hasTimes: false,
  async fill(pool) {
    await pool.query(`
      create table schema_migrations (version varchar primary key);
      insert into schema_migrations values ('20250101000000'), ('20250102000000')`);
  },
};

const golangMigrate: Scenario = {
  tool: 'golang-migrate',
  files: {
    '000001_one.up.sql': ONE,
    '000002_two.up.sql': TWO,
    '000003_three.up.sql': THREE,
    '000001_one.down.sql': 'drop table one;',
    '000002_two.down.sql': 'drop table two;',
    '000003_three.down.sql': 'drop table three;',
  },
  versions: ['1', '2', '3'],
  hasTimes: false,
  async fill(pool) {
    await pool.query(`
      create table schema_migrations (version bigint not null primary key, dirty boolean not null);
      insert into schema_migrations values (2, false)`);
  },
};

const knex: Scenario = {
  tool: 'knex',
  files: {
    '20250101000000_one.js': "exports.up = (knex) => knex.schema.raw('create table one ()');\n",
    '20250102000000_two.ts':
      "import type { Knex } from 'knex';\nexport const up = (knex: Knex) => knex.raw('create table two ()');\n",
    '20250103000000_three.sql': THREE,
  },
  versions: ['20250101000000', '20250102000000', '20250103000000'],
  hasTimes: true,
  async fill(pool) {
    await pool.query(`
      create table knex_migrations (id serial primary key, name varchar(255), batch integer, migration_time timestamptz);
      create table knex_migrations_lock (index serial primary key, is_locked integer);
      insert into knex_migrations_lock (is_locked) values (0);
      insert into knex_migrations (name, batch, migration_time) values
        ('20250101000000_one.js', 1, ${AT}),
        ('20250102000000_two.ts', 1, ${AT})`);
  },
};

const prisma: Scenario = {
  tool: 'prisma',
  files: {
    '20250101000000_one/migration.sql': ONE,
    '20250102000000_two/migration.sql': TWO,
    '20250103000000_three/migration.sql': THREE,
    'migration_lock.toml': 'provider = "postgresql"\n',
  },
  versions: ['20250101000000', '20250102000000', '20250103000000'],
  hasTimes: true,
  async fill(pool, texts) {
    await pool.query(`
      create table _prisma_migrations (
        id varchar(36) primary key not null,
        checksum varchar(64) not null,
        finished_at timestamptz,
        migration_name varchar(255) not null,
        logs text,
        rolled_back_at timestamptz,
        started_at timestamptz not null default now(),
        applied_steps_count integer not null default 0
      )`);
    const [one = '', two = ''] = texts.map((text) => sha256(text));
    await pool.query(
      `insert into _prisma_migrations (id, checksum, finished_at, migration_name, rolled_back_at, applied_steps_count)
       values ('a', $1, ${AT}, '20250101000000_one', null, 1),
         ('b', $2, null, '20250102000000_two', now(), 0),
         ('c', $2, ${AT}, '20250102000000_two', null, 1)`,
      [one, two],
    );
  },
};

const goose: Scenario = {
  tool: 'goose',
  files: {
    '00001_one.sql': `-- +goose Up\n${ONE}\n-- +goose Down\ndrop table one;\n`,
    '00002_two.sql': `-- +goose Up\n${TWO}\n-- +goose Down\ndrop table two;\n`,
    '00003_three.sql': `-- +goose Up\n-- +goose StatementBegin\n${THREE}-- +goose StatementEnd\n\n-- +goose Down\ndrop table three;\n`,
  },
  versions: ['1', '2', '3'],
  hasTimes: true,
  async fill(pool) {
    await pool.query(`
      create table goose_db_version (
        id integer primary key generated by default as identity,
        version_id bigint not null,
        is_applied boolean not null,
        tstamp timestamp not null default now()
      );
      insert into goose_db_version (version_id, is_applied, tstamp) values
        (0, true, ${AT}), (1, true, ${AT}), (2, true, ${AT}), (3, true, ${AT}), (3, false, ${AT})`);
  },
};

const graphileMigrate: Scenario = {
  tool: 'graphile-migrate',
  folder: 'committed',
  // Hashes by calculateHash of graphile-migrate 1.4.1.
  files: {
    'committed/000001.sql': `--! Previous: -\n--! Hash: sha1:db4bd71c003d1a39cd6ae7fae16ddd441454fa7c\n\n${ONE}`,
    'committed/000002-two.sql': `--! Previous: sha1:db4bd71c003d1a39cd6ae7fae16ddd441454fa7c\n--! Hash: sha1:c3818edfedcff5843fdf058fd0cb3cd77e7fc33b\n--! Message: two\n\n${TWO}`,
    'committed/000003.sql': `--! Previous: sha1:c3818edfedcff5843fdf058fd0cb3cd77e7fc33b\n--! Hash: sha1:ad0d0091cf740d268dfc0a913de43555c94ba423\n\n--! no-transaction\n${THREE}`,
    'current.sql': '-- Enter migration here\n',
  },
  versions: ['1', '2', '3'],
  hasTimes: true,
  ownSchema: 'graphile_migrate',
  async fill(pool) {
    await pool.query(`
      create schema graphile_migrate;
      create table graphile_migrate.migrations (
        hash text primary key,
        previous_hash text references graphile_migrate.migrations,
        filename text not null,
        date timestamptz not null default now()
      );
      insert into graphile_migrate.migrations values
        ('sha1:db4bd71c003d1a39cd6ae7fae16ddd441454fa7c', null, '000001.sql', ${AT}),
        ('sha1:c3818edfedcff5843fdf058fd0cb3cd77e7fc33b', 'sha1:db4bd71c003d1a39cd6ae7fae16ddd441454fa7c', '000002.sql', ${AT})`);
  },
};

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** One for each tool but node-pg-migrate, which is run itself. */
export const SCENARIOS: readonly Scenario[] = [
  supabase,
  flyway,
  dbmate,
  golangMigrate,
  knex,
  prisma,
  goose,
  graphileMigrate,
];
