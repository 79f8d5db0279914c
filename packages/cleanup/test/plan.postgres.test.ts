import { describe, expect, test } from 'vitest';
import { createCleanup, type OlderThanPolicy, sql } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE, jobIds, jobsCleanup, makeJobs } from './expired-table.ts';

const db = useCleanupDatabase();

/** More than 5,000 pages, one row on each, of which 200 are due; never analyzed. */
const LARGE = `
  create table large (id int primary key, at timestamptz not null, filler text);
  alter table large alter filler set storage plain, set (autovacuum_enabled = off);
  insert into large
  select n, now() - case when n <= 200 then interval '100 days' else interval '1 hour' end, repeat('x', 7000)
  from generate_series(1, 5200) n`;

function policy(
  table: string,
  column = 'at',
  more: Partial<OlderThanPolicy> = {},
): OlderThanPolicy {
  return { table, olderThan: { column, age: '90d' }, ...more };
}

describe('plan', () => {
  test('says what would go, and changes nothing', async () => {
    const admin = db.pool();
    await makeJobs(admin, 4, 6);
    await admin.query(`
      create table steps (job_id int references jobs on delete cascade);
      create table bills (job_id int references jobs);
      create index on bills (job_id);
      create function noop() returns trigger language plpgsql as 'begin return old; end';
      create trigger watch before delete on jobs for each row execute function noop();
      analyze`);
    // The server itself forbids every write.
    const pool = db.pool({
      options: `-c search_path=${db.schema} -c default_transaction_read_only=on`,
    });
    const plan = await jobsCleanup(
      pool,
      {},
      {
        safety: {},
        where: sql`status = ${'completed'} and id < ${99n} and ${new Uint8Array([1])}::bytea is not null`,
      },
    ).plan();
    const { jobs } = plan.policies;
    expect(plan.ok).toBe(true);
    expect(plan.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(jobs).toMatchObject({
      policy: 'jobs',
      table: `"${db.schema}"."jobs"`,
      candidates: { count: 4, isExact: true },
      rows: { count: 10, isExact: true },
      share: 0.4,
      index: 'jobs_started_at_idx',
      refusals: [],
      foreignKeys: [
        {
          name: 'bills_job_id_fkey',
          table: `"${db.schema}"."bills"`,
          columns: ['job_id'],
          onDelete: 'no action',
          isIndexed: true,
        },
        {
          name: 'steps_job_id_fkey',
          table: `"${db.schema}"."steps"`,
          columns: ['job_id'],
          onDelete: 'cascade',
          isIndexed: false,
        },
      ],
    });
    expect(Date.parse(plan.at) - Date.parse(jobs.cutOff)).toBe(90 * 86_400_000);
    expect(jobs.hash).toMatch(/^[0-9a-f]{32}$/);
    expect(jobs.sql?.pick.text).toContain('for update skip locked');
    expect(jobs.sql?.act.text).toContain('delete from only');
    expect(jobs.sql?.pick.values).toEqual(expect.arrayContaining(['completed', '99', '\\x01']));
    expect(jobs.warnings.join('\n')).toMatch(
      /"steps" \(job_id\) that reference a deleted row are deleted with it, uncounted; they are lost[\s\S]*"bills" \(job_id\) references stay[\s\S]*"steps" \(job_id\) has no index[\s\S]*watch/,
    );
    expect(await jobIds(admin)).toHaveLength(10);
    // The plan is data: it survives JSON as it is.
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  test('of every kind of policy writes nothing: the server forbids it', async () => {
    const admin = db.pool();
    await makeJobs(admin, 20, 20);
    await admin.query(`
      alter table jobs add user_id int, add deleted_at timestamptz;
      create table holds (subject_id int, released_at timestamptz);
      create table parents (id int primary key);
      create table parted (id int, at timestamptz, primary key (id, at)) partition by range (at);
      create table parted_old partition of parted for values from (minvalue) to ('2020-01-01');
      analyze`);
    const pool = db.pool({
      options: `-c search_path=${db.schema} -c default_transaction_read_only=on`,
    });
    const olderThan = { column: 'started_at', age: '90d' } as const;
    const plan = await createCleanup({
      pool,
      holds: [{ table: 'holds', on: { subject_id: 'user_id' }, active: sql`released_at is null` }],
      policies: {
        plain: { table: 'jobs', olderThan },
        kept: {
          table: 'jobs',
          olderThan,
          keepLast: { count: 2, per: 'status' },
          safety: { keepAtLeast: 3 },
        },
        perRow: {
          table: 'jobs',
          olderThan: {
            column: 'started_at',
            age: { per: sql`interval '80 days'`, default: '90d' },
          },
        },
        inactive: { table: 'jobs', inactiveFor: { age: '90d', since: sql`started_at` } },
        orphans: {
          table: 'jobs',
          orphanOf: { table: 'parents', on: { user_id: 'id' } },
          minAge: olderThan,
        },
        parted: {
          table: 'parted',
          olderThan: { column: 'at', age: '90d' },
          holds: { exempt: true, because: 'a test' },
        },
      },
    }).plan();
    const found = Object.values(plan.policies).map((each) => [
      each.policy,
      each.refusals,
      each.candidates?.count,
    ]);
    expect(found).toEqual([
      ['plain', [], 20],
      ['kept', [], 20],
      ['perRow', [], 20],
      ['inactive', [], 20],
      ['orphans', [], 0],
      ['parted', [], 0],
    ]);
  });

  test('names every mistake of every policy together', async () => {
    const pool = db.pool();
    await pool.query(`
      create table good (id int primary key, at timestamptz);
      create table no_key (id int, at timestamp);
      create table days (id int primary key, at date);
      create table numbers (id int primary key, at bigint);
      create view seen as select * from good;
      create materialized view kept as select * from good;
      create table parted (id int, at timestamptz, primary key (id, at)) partition by range (at);
      create table parent (id int primary key, at timestamptz);
      create table child (primary key (id)) inherits (parent)`);
    const cleanup = createCleanup({
      pool,
      policies: {
        nowhere: policy('nowhere'),
        otherSchema: policy('nowhere.good'),
        folded: policy('GOOD'),
        column: policy('good', 'when'),
        noKey: policy('no_key'),
        days: policy('days'),
        numbers: policy('numbers'),
        view: policy('seen'),
        materialized: policy('kept'),
        parted: policy('parted'),
        inherited: policy('parent'),
        zoneTooMuch: policy('good', 'at', { olderThan: { column: 'at', age: '1d', zone: 'UTC' } }),
        noZone: policy('no_key', 'at', {
          olderThan: { column: 'at', age: '1d', zone: 'Mars/Olympus' },
        }),
        condition: policy('good', 'at', { where: sql`statsu = 'x'` }),
        runtime: policy('good', 'at', { where: sql`1 / 0 = 1` }),
        syntax: policy('good', 'at', { where: sql`at is` }),
        good: policy('good'),
      },
    });
    const plan = await cleanup.plan();
    const found = Object.entries(plan.policies).map(([name, { refusals }]) => [
      name,
      refusals.map((refusal) => refusal.code).join(' '),
    ]);
    expect(plan.ok).toBe(false);
    expect(Object.fromEntries(found)).toEqual({
      nowhere: 'unknown-table',
      otherSchema: 'unknown-table',
      folded: 'unknown-table',
      column: 'unknown-column',
      noKey: 'no-primary-key zone',
      days: 'column-type',
      numbers: 'column-type',
      view: 'table-kind',
      materialized: 'table-kind',
      parted: '',
      inherited: 'table-kind',
      zoneTooMuch: 'zone',
      noZone: 'no-primary-key zone',
      condition: 'statement',
      runtime: 'statement',
      syntax: 'statement',
      good: '',
    });
    expect(plan.policies.column.refusals[0]?.message).toContain('the table has id, at');
    expect(plan.policies.condition.refusals[0]?.message).toContain('"statsu" does not exist');
    expect(plan.policies.good.warnings.join()).toContain('Policies on the same table: column');

    const report = await cleanup.run();
    expect(report.ok).toBe(false);
    expect(report.policies.good.stopped).toBe('drained');
    expect(report.policies.condition).toMatchObject({
      stopped: 'refused',
      deleted: 0,
      error: undefined,
    });
  });

  test('refuses an unknown zone, and rights that are missing, in the words of the server', async () => {
    const pool = db.pool();
    await pool.query(`
      create table local (id int primary key, at timestamp);
      create role ${db.schema}_reader;
      grant usage on schema ${db.schema} to ${db.schema}_reader;
      grant select, delete on local to ${db.schema}_reader`);
    const mars = { column: 'at', age: '1d', zone: 'Mars/Olympus' } as const;
    const plan = await createCleanup({
      pool,
      policies: { a: policy('local', 'at', { olderThan: mars }) },
    }).plan();
    expect(plan.policies.a.refusals).toMatchObject([{ code: 'zone' }]);
    expect(plan.policies.a.refusals[0]?.message).toContain('Mars/Olympus');

    const reader = db.pool({ options: `-c search_path=${db.schema} -c role=${db.schema}_reader` });
    const utc = { column: 'at', age: '1d', zone: 'UTC' } as const;
    const denied = await createCleanup({
      pool: reader,
      policies: { a: policy('local', 'at', { olderThan: utc }) },
    }).plan();
    expect(denied.policies.a.refusals).toMatchObject([{ code: 'statement' }]);
    expect(denied.policies.a.refusals[0]?.message).toContain('permission denied');
    await pool.query(`drop owned by ${db.schema}_reader; drop role ${db.schema}_reader`);
  });

  test.each(['-05:00', '+02:00', 'UTC-5', '<-05>5'])(
    'refuses the zone %s, whose sign the server reads the other way round',
    async (zone) => {
      const pool = db.pool();
      await pool.query('create table local (id int primary key, at timestamp)');
      const olderThan = { column: 'at', age: '90d', zone } as const;
      const { a } = (
        await createCleanup({ pool, policies: { a: policy('local', 'at', { olderThan }) } }).plan()
      ).policies;
      expect(a.refusals).toMatchObject([{ code: 'zone' }]);
      expect(a.refusals[0]?.message).toContain(zone);
    },
  );

  test('an index that only includes a column of a foreign key does not count as one on it', async () => {
    const pool = db.pool();
    await pool.query(`
      create table pairs (a int, b int, at timestamptz, primary key (a, b));
      create table notes (a int, b int, foreign key (a, b) references pairs);
      create index on notes (a) include (b)`);
    const cleanup = createCleanup({ pool, policies: { pairs: policy('pairs') } });
    expect((await cleanup.plan()).policies.pairs.foreignKeys).toMatchObject([{ isIndexed: false }]);
    await pool.query('create index on notes (b, a) include (a)');
    expect((await cleanup.plan()).policies.pairs.foreignKeys).toMatchObject([{ isIndexed: true }]);
  });

  test('refuses to read a large table whole, and says which index to create', async () => {
    const pool = db.pool();
    await pool.query(LARGE);
    const cleanup = createCleanup({
      pool,
      pace: AT_ONCE,
      policies: { large: policy('large', 'at', { safety: { maxShare: 1 } }) },
    });
    const { large } = (await cleanup.plan()).policies;
    expect(large.refusals.map((refusal) => refusal.code)).toEqual(['missing-index']);
    const create =
      /create index concurrently on .*$/.exec(large.refusals[0]?.message ?? '')?.[0] ?? '';
    expect(create).toBe(`create index concurrently on "${db.schema}"."large" ("at", "id")`);
    expect(await cleanup.run()).toMatchObject({ ok: false, deleted: 0 });

    // An index that leads with another column does not help; the one that was named does.
    await pool.query('create index on large (id, at)');
    expect((await cleanup.plan()).policies.large.refusals).toMatchObject([
      { code: 'missing-index' },
    ]);
    await pool.query(create);
    const good = (await cleanup.plan()).policies.large;
    expect(good).toMatchObject({ refusals: [], index: 'large_at_id_idx', share: 200 / 5200 });
    await pool.query('analyze large');
    expect((await cleanup.plan()).policies.large.rows).toEqual({ count: 5200, isExact: false });
    // Also a partial index, when the condition implies its predicate by a parameter's value.
    await pool.query(`drop index ${good.index}; create index part on large (at) where id > 10`);
    const part = {
      large: policy('large', 'at', { where: sql`id > ${20}`, safety: { maxShare: 1 } }),
    };
    expect((await createCleanup({ pool, policies: part }).plan()).policies.large).toMatchObject({
      refusals: [],
      index: 'part',
    });
  });

  test('counts a large table that was never analyzed, and refuses one that is too large for that', async () => {
    const pool = db.pool();
    await pool.query(`
      create table crowd (id int primary key, at timestamptz not null) with (autovacuum_enabled = off, fillfactor = 60);
      create index on crowd (at);
      insert into crowd select n, now() - interval '100 days' from generate_series(1, 900000) n`);
    const large = { crowd: policy('crowd', 'at', { safety: { maxShare: 1 } }) };
    const cleanup = createCleanup({ pool, policies: large });
    expect((await cleanup.plan()).policies.crowd).toMatchObject({
      refusals: [],
      rows: { count: 900_000, isExact: true },
      share: 1,
    });
    await pool.query(`insert into crowd select n, now() from generate_series(900001, 1000001) n`);
    const { crowd } = (await cleanup.plan()).policies;
    expect(crowd).toMatchObject({ rows: null, share: null, refusals: [{ code: 'no-statistics' }] });
    await pool.query(
      "analyze crowd; update crowd set at = now() - interval '100 days' where id > 900000",
    );
    const known = (await cleanup.plan()).policies.crowd;
    expect(known).toMatchObject({
      refusals: [],
      rows: { isExact: false },
      candidates: { isExact: false },
    });
    expect(known.candidates?.count).toBeGreaterThan(1_000_000);
  });

  test('refuses when a large table references this one without an index', async () => {
    const pool = db.pool();
    await pool.query(LARGE);
    await pool.query(`
      create table small (id int primary key, at timestamptz);
      insert into small values (1, now());
      alter table large add column small_id int references small`);
    const cleanup = createCleanup({ pool, policies: { small: policy('small') } });
    const refused = (await cleanup.plan()).policies.small.refusals;
    expect(refused).toMatchObject([{ code: 'missing-child-index' }]);
    expect(refused[0]?.message).toContain(
      `create index concurrently on "${db.schema}"."large" ("small_id")`,
    );
    await pool.query('create index on large (small_id)');
    expect((await cleanup.plan()).policies.small.refusals).toEqual([]);
  });

  test('an aborted signal rejects with its reason', async () => {
    const pool = db.pool();
    await makeJobs(pool, 1);
    const reason = new Error('enough');
    await expect(jobsCleanup(pool).plan({ signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    expect(pool.totalCount).toBe(pool.idleCount);
  });
});
