import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runner } from 'node-pg-migrate';
import { describe, expect, test } from 'vitest';
import { detectTools } from '../src/history/adopt/find-table.ts';
import { directory, type Migrator } from '../src/index.ts';
import { SCENARIOS, type Scenario } from './history/adopt/scenarios.ts';
import { useAdoption } from './history/adopt/use-adoption.ts';

const { db, folder, pool, migrator, value, query } = useAdoption();
const APPLIED_AT = new Date('2025-01-02T03:04:05Z');

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

/** What the tool's tables hold, to see that they are left alone. */
async function contentsOf({ ownSchema }: Pick<Scenario, 'ownSchema'>): Promise<unknown> {
  return value(`
    select json_agg(query_to_xml(format('select * from %I.%I t order by t::text', schemaname, tablename), true, false, '')::text order by tablename)
    from pg_tables
    where schemaname in ('${db.schema}', '${ownSchema ?? db.schema}')
      and tablename ~ 'migration|flyway|goose'
      and (schemaname, tablename) <> ('${db.schema}', 'migrations')`);
}

describe.each(SCENARIOS)('$tool', (scenario) => {
  const { tool, files, versions, ownSchema } = scenario;

  async function prepare(): Promise<Migrator> {
    await write(files);
    const texts = Object.values(files);
    await pool().query('create table one (id int); create table two (id int)');
    await scenario.fill(pool(), texts);
    const path = join(folder.path, scenario.folder ?? '.');
    return migrator({ sources: [directory(path)] });
  }
  async function cleanUp(): Promise<void> {
    if (ownSchema !== undefined) await pool().query(`drop schema ${ownSchema} cascade`);
  }

  test('its history is taken over, and up goes on from there', async () => {
    try {
      const made = await prepare();
      const before = await contentsOf(scenario);
      expect(before).toEqual(expect.any(Array));
      const report = await made.adopt(tool);
      expect(report).toMatchObject({
        tool,
        adopted: [{ version: versions[0] }, { version: versions[1] }],
        alreadyThere: [],
        pending: [{ version: versions[2] }],
      });
      const { rows } = await pool().query(
        `select version, origin, applied_at = '${APPLIED_AT.toISOString()}' as has_time, steps_done = step_count as is_whole
         from ${db.schema}.migrations order by version`,
      );
      expect(rows).toEqual(
        versions.slice(0, 2).map((version) => ({
          version,
          origin: `adopt:${tool}`,
          has_time: scenario.hasTimes,
          is_whole: true,
        })),
      );
      expect((await made.up()).applied).toMatchObject([{ version: versions[2] }]);
      expect(await value("select to_regclass('three') is not null")).toBe(true);
      expect((await made.up()).applied).toEqual([]);
      await made.assertCurrent();
      expect((await made.status()).problems).toEqual([]);
      expect(await contentsOf(scenario)).toEqual(before);
    } finally {
      await cleanUp();
    }
  });

  test('a second time does nothing, also after up', async () => {
    try {
      const made = await prepare();
      await made.adopt(tool);
      const rows = await value(
        `select json_agg(m order by version) from ${db.schema}.migrations m`,
      );
      expect(await made.adopt(tool)).toMatchObject({
        adopted: [],
        alreadyThere: [{ version: versions[0] }, { version: versions[1] }],
        pending: [{ version: versions[2] }],
        notes: [expect.stringMatching(/^Nothing was recorded: all that /)],
      });
      expect(
        await value(`select json_agg(m order by version) from ${db.schema}.migrations m`),
      ).toEqual(rows);
      await made.up();
      expect(await made.adopt(tool)).toMatchObject({ adopted: [], pending: [] });
    } finally {
      await cleanUp();
    }
  });

  test('it is detected', async () => {
    try {
      await prepare();
      const place = { schema: ownSchema ?? db.schema, table: expect.any(String) };
      const detected = await detectTools({ query });
      expect(detected.filter(({ schema }) => schema === place.schema)).toEqual([
        { tool, ...place },
      ]);
    } finally {
      await cleanUp();
    }
  });
});

describe('node-pg-migrate, run itself', () => {
  async function run(count: number): Promise<void> {
    const client = await pool().connect();
    try {
      await runner({
        dbClient: client,
        dir: folder.path,
        schema: db.schema,
        migrationsTable: 'pgmigrations',
        direction: 'up',
        count,
        log: () => {},
      });
    } finally {
      client.release();
    }
  }
  const FILES = {
    '1735700000000_one.sql':
      '-- Up Migration\ncreate table one (id int);\n-- Down Migration\ndrop table one;\n',
    '1735700000001_two.js': "export const up = (pgm) => pgm.createTable('two', { id: 'id' });\n",
    '1735700000002_three.sql':
      '-- Up Migration\ncreate table three (id int);\n-- Down Migration\ndrop table three;\n',
  };

  test('its history is taken over, and up goes on from there', async () => {
    await write(FILES);
    await run(2);
    const made = migrator();
    expect(await made.adopt('node-pg-migrate')).toMatchObject({
      table: `${db.schema}.pgmigrations`,
      adopted: [
        { version: '1735700000000', name: 'one' },
        { version: '1735700000001', name: 'two', file: expect.stringMatching(/_two\.js$/) },
      ],
      pending: [{ version: '1735700000002' }],
      notes: [
        expect.stringContaining('on trust'),
        `${db.schema}.pgmigrations was left as it is. Do not run node-pg-migrate on this database any more.`,
      ],
    });
    const agree = `select bool_and(m.applied_at = date_trunc('milliseconds', p.run_on::timestamptz)) from migrations m join pgmigrations p on p.name = m.version || '_' || m.name`;
    expect(await value(agree)).toBe(true);
    expect((await made.up()).applied).toMatchObject([{ version: '1735700000002' }]);
    expect(await value("select to_regclass('three') is not null")).toBe(true);
    expect((await made.up()).applied).toEqual([]);
    expect(await value('select count(*)::int from pgmigrations')).toBe(2);
  });

  test('run again beside us, it is told off', async () => {
    await write(FILES);
    await run(1);
    const made = migrator();
    await made.adopt('node-pg-migrate');
    await run(1);
    await expect(made.adopt('node-pg-migrate')).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_ADOPT',
      problems: [
        {
          kind: 'history',
          message: expect.stringContaining('are not among them: 1735700000001_two'),
        },
      ],
    });
  });
});
test('a version of the future does not block, but is told', async () => {
  await pool().query(
    "create table schema_migrations (version text primary key, statements text[], name text); insert into schema_migrations values ('20250201000000', array['select 1'], 'a'), ('99999999999999', array['select 2'], 'master')",
  );
  await folder.write({
    '20250201000000_a.sql': 'select 1;',
    '20250302000000_late.sql': 'create table late (id int);',
    '99999999999999_master.sql': 'select 2;',
  });
  const made = migrator();
  const { notes, adopted, pending } = await made.adopt('supabase');
  expect([adopted.length, pending.length]).toEqual([2, 1]);
  expect(notes).toEqual(
    expect.arrayContaining([
      expect.stringMatching(
        /older than 99999999999999_master, which is applied: 20250302000000_late/,
      ),
      expect.stringMatching(/99999999999999_master is applied and dated in the future/),
    ]),
  );
  await expect(made.up()).rejects.toMatchObject({ code: 'ERR_OPS_MIGRATION_ORDER' });
  const path = join(folder.path, '20250302000000_late.sql');
  await writeFile(path, `-- ops: out-of-order\n${await readFile(path, 'utf8')}`);
  expect((await made.up()).applied).toMatchObject([{ version: '20250302000000' }]);
});
