import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { toFiles } from '../../src/archive/to-files.ts';
import { diagnose } from '../../src/doctor/diagnose.ts';
import type { CleanupDiagnosis, CleanupFinding, FindingCode } from '../../src/doctor/diagnosis.ts';
import type { Limits } from '../../src/doctor/examination.ts';
import { type CleanupOptions, createCleanup, sql } from '../../src/index.ts';
import { parseOptions } from '../../src/parse-options.ts';
import { useCleanupDatabase } from '../cleanup-database.ts';
import { jobsCleanup, makeJobs } from '../expired-table.ts';

const db = useCleanupDatabase();

/** So that small tables show what large ones would. */
const STRICT: Partial<Limits> = { largePages: 0, deadRows: 100, reusableBytes: 1_000 };
const JOBS = { table: 'jobs', olderThan: { column: 'started_at', age: '90d' } } as const;

function doctor(
  pool: pg.Pool,
  policies: CleanupOptions['policies'],
  options: Partial<CleanupOptions> = {},
  limits: Partial<Limits> = {},
): Promise<CleanupDiagnosis> {
  const settings = parseOptions({ pool, ...options, policies });
  return diagnose(settings, {
    policies: Object.keys(settings.policies),
    signal: undefined,
    limits: { ...STRICT, ...limits },
  });
}

function of({ findings }: CleanupDiagnosis, code: FindingCode): readonly CleanupFinding[] {
  return findings.filter((each) => each.code === code);
}

/** Everything that was found, but what a neighbour on the same server may cause. */
function codes({ findings }: CleanupDiagnosis): readonly FindingCode[] {
  return findings.map(({ code }) => code).filter((code) => code !== 'replication-slot');
}

/** Does what the findings say. */
async function cure(pool: pg.Pool, findings: readonly CleanupFinding[]): Promise<void> {
  for (const statement of findings.flatMap((each) => each.sql)) await pool.query(statement);
}

test('a table in good order has no finding, and its sizes are told', async () => {
  const pool = db.pool();
  await makeJobs(pool, 500, 500);
  await pool.query('vacuum analyze jobs');
  const diagnosis = await doctor(pool, { jobs: JOBS }, {}, { reusableBytes: 10_000_000 });
  expect(codes(diagnosis)).toEqual([]);
  const [table] = diagnosis.tables;
  expect(table).toMatchObject({ policies: ['jobs'], toastBytes: 8_192, deadRows: 0 });
  expect(table?.liveRows).toBe(1_000);
  expect(table?.heapBytes).toBeGreaterThan(40_000);
  expect(table?.reusableBytes).toBeLessThan((table?.heapBytes ?? 0) / 4);
  expect(table?.vacuumedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  // The public verb, with the limits of real tables.
  expect(codes(await jobsCleanup(pool).doctor())).toEqual([]);
  await expect(jobsCleanup(pool).doctor({ policies: ['x'] })).rejects.toThrow(/cleanup\.doctor/);
});

describe('indexes', () => {
  test('that are missing are named, and what it says to do cures it', async () => {
    const pool = db.pool();
    await pool.query(`
      create table "Odd ""Jobs" (id int primary key, "Started" timestamptz, who int);
      create table steps (job int references "Odd ""Jobs" on delete cascade, at int);
      create table notes (id int, job int references "Odd ""Jobs") partition by range (id);
      create table notes_1 partition of notes for values from (0) to (10);
      create table notes_2 partition of notes for values from (10) to (20);
      create table holds (who int, case_id int);
      insert into "Odd ""Jobs" select n, now(), n from generate_series(1, 10) n;
      insert into steps select n, n from generate_series(1, 10) n;
      insert into notes select n, n from generate_series(1, 10) n;
      insert into holds values (77, 1);
      create index steps_partial on steps (job) where at > 5;
      create index steps_later on steps (at, job);
      analyze "Odd ""Jobs"`);
    const policies = {
      odd: { table: '"Odd ""Jobs"', olderThan: { column: 'Started', age: '90d' } },
    } as const;
    const holds = [{ table: 'holds', on: { who: 'who' } }];
    const before = await doctor(pool, policies, { holds });
    expect(before.ok).toBe(false);
    const missing = before.findings.filter(({ code }) => code.startsWith('missing-'));
    expect(missing.map(({ code, severity, sql: cures }) => [code, severity, cures])).toEqual([
      [
        'missing-child-index',
        'error',
        [`create index concurrently on "${db.schema}"."steps" ("job")`],
      ],
      [
        'missing-child-index',
        'error',
        [
          `create index concurrently on ${db.schema}.notes_1 ("job")`,
          `create index concurrently on ${db.schema}.notes_2 ("job")`,
          `create index on "${db.schema}"."notes" ("job")`,
        ],
      ],
      [
        'missing-index',
        'warn',
        [`create index concurrently on "${db.schema}"."Odd ""Jobs" ("Started", "id")`],
      ],
      [
        'missing-hold-index',
        'warn',
        [`create index concurrently on "${db.schema}"."holds" ("who")`],
      ],
    ]);
    await cure(pool, missing);
    expect(codes(await doctor(pool, policies, { holds }, { reusableBytes: 1e9 }))).toEqual([]);
    // Small ones are worth a word, and no more.
    await pool.query(`drop index steps_job_idx`);
    const small = await doctor(
      pool,
      policies,
      { holds },
      { largePages: 5_000, reusableBytes: 1e9 },
    );
    expect(small).toMatchObject({ ok: true, findings: [{ severity: 'info' }] });
  });

  test('that a failed build left behind are told from missing ones', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10);
    await pool.query('drop index jobs_started_at_idx; update jobs set started_at = now()');
    await expect(
      pool.query('create unique index concurrently broken on jobs (started_at)'),
    ).rejects.toThrow(/could not create unique index/);
    const diagnosis = await doctor(pool, { jobs: JOBS });
    expect(of(diagnosis, 'missing-index')).toEqual([]);
    expect(of(diagnosis, 'invalid-index')).toMatchObject([
      { policies: ['jobs'], sql: [`reindex index concurrently "${db.schema}"."broken"`] },
    ]);
  });
});

describe('rights', () => {
  test('that lack are named by the role, and what it says to do cures it', async () => {
    const owner = db.pool();
    const role = `doctor_${db.schema}_${process.pid}`;
    await makeJobs(owner, 10);
    await owner.query(`
      create table holds (job int primary key);
      analyze jobs;
      create role ${role} login;
      grant usage on schema ${db.schema} to ${role};
      grant select on jobs, holds to ${role}`);
    const pool = db.pool();
    // Every connection as the lesser role, as a pool of its own would have it.
    pool.on('connect', (client) => void client.query(`set role ${role}`));
    const holds = [{ table: 'holds', on: { job: 'id' } }];
    try {
      const before = await doctor(pool, { jobs: JOBS }, { holds });
      expect(codes(before).slice(0, 3)).toEqual([
        'history-rights',
        'missing-right',
        'missing-right',
      ]);
      expect(of(before, 'missing-right').map(({ sql: cures }) => cures)).toEqual([
        [`grant update, delete on "${db.schema}"."jobs" to "${role}"`],
        [`grant update on "${db.schema}"."holds" to "${role}"`],
      ]);
      expect(codes(before)).toContain('sessions-hidden');
      await cure(
        owner,
        before.findings.filter(({ code }) => code.endsWith('right') || code === 'history-rights'),
      );
      const after = await doctor(pool, { jobs: JOBS }, { holds });
      expect(of(after, 'missing-right')).toEqual([]);
      // And a run goes through with just those.
      const report = await createCleanup({
        pool,
        holds,
        policies: { jobs: { ...JOBS, safety: { maxShare: 1 } } },
      }).run();
      expect(report).toMatchObject({ ok: true, deleted: 10 });
    } finally {
      await owner.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  test('to a table that is not there', async () => {
    const pool = db.pool();
    await makeJobs(pool, 1);
    const holds = [{ table: 'legal', on: { job: 'id' } }];
    const diagnosis = await doctor(
      pool,
      { jobs: JOBS, gone: { ...JOBS, table: 'gone' } },
      { holds },
    );
    expect(of(diagnosis, 'unknown-table').map(({ message }) => message)).toEqual([
      expect.stringContaining('no table legal'),
      expect.stringContaining('no table gone'),
      expect.stringContaining('no table legal'),
    ]);
  });
});

describe('vacuum and statistics', () => {
  test('that do not come are told with their numbers', async () => {
    const pool = db.pool({ max: 1 });
    await makeJobs(pool, 2_000, 100);
    await pool.query('alter table jobs set (autovacuum_enabled = off)');
    // Else a session tells what it changed within a second or so, and after an analyze once more.
    await pool.query('select pg_stat_force_next_flush()');
    const never = await doctor(pool, { jobs: JOBS });
    expect(codes(never)).toEqual(['autovacuum-off', 'never-analyzed']);
    await pool.query('analyze jobs');
    await pool.query('delete from jobs where id <= 1500');
    await pool.query('select pg_stat_force_next_flush()');
    const dead = await doctor(pool, { jobs: JOBS });
    expect(of(dead, 'dead-rows')[0]?.message).toMatch(
      /"jobs" has 1,500 dead rows beside 600 live ones and was never vacuumed; autovacuum comes from 470 on/,
    );
    expect(of(dead, 'old-statistics')[0]?.message).toContain('1,500 rows of');
    expect(of(dead, 'reusable-space')).toHaveLength(1);
    await cure(pool, dead.findings);
    const cured = await doctor(pool, { jobs: JOBS }, {}, { reusableBytes: 1e9 });
    expect(codes(cured)).toEqual([]);
  });

  test('what holds vacuum back is named by its process', async () => {
    const pool = db.pool({ application_name: 'reporting' });
    await makeJobs(pool, 10);
    const idle = await pool.connect();
    await idle.query('begin isolation level repeatable read');
    await idle.query('select count(*) from jobs');
    const diagnosis = await doctor(pool, { jobs: JOBS }, {}, { openSeconds: 0 });
    const [found] = of(diagnosis, 'long-transaction').filter(({ message }) =>
      message.includes('idle in transaction'),
    );
    expect(found?.message).toMatch(/process \d+ \(reporting, role \S+\) is open for \d+ s/);
    await idle.query('rollback');
    idle.release();
    expect(of(await doctor(pool, { jobs: JOBS }), 'long-transaction')).toEqual([]);
  });

  test('a replication slot that nobody uses keeps write-ahead log', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10);
    const slot = `doctor_${process.pid}`;
    await pool.query('select pg_create_physical_replication_slot($1, true)', [slot]);
    const diagnosis = await doctor(pool, { jobs: JOBS });
    const found = of(diagnosis, 'replication-slot').filter(({ message }) => message.includes(slot));
    expect(found[0]?.message).toMatch(
      /is not in use: the server keeps [\d.,]+ MB of write-ahead log/,
    );
    await cure(pool, found);
    const { rows } = await pool.query('select from pg_replication_slots where slot_name = $1', [
      slot,
    ]);
    expect(rows).toEqual([]);
  });
});

describe('what was left half done', () => {
  test('the history, the lease and who holds it', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10);
    const missing = await doctor(pool, { jobs: JOBS }, { history: { schema: db.schema } });
    expect(of(missing, 'tables-missing')[0]?.remedy).toContain(`{ schema: '${db.schema}' }`);
    const lease = (silent: string) =>
      pool.query(
        `insert into ops_cleanup.leases (name, owner, run_id, fence, heartbeat_at)
         values ('default', 'web-1/7', gen_random_uuid(), 1, now() - $1::interval)
         on conflict (name) do update set heartbeat_at = excluded.heartbeat_at`,
        [silent],
      );
    await lease('10 s');
    expect(of(await doctor(pool, { jobs: JOBS }), 'lease-held')[0]).toMatchObject({
      severity: 'info',
      message: expect.stringMatching(/web-1\/7 .* heard of 1\d s ago/),
    });
    await lease('3 h');
    expect(of(await doctor(pool, { jobs: JOBS }), 'lease-expired')[0]).toMatchObject({
      severity: 'warn',
      message: expect.stringContaining('last heard of 3 hours ago'),
    });
    expect(codes(await doctor(pool, { jobs: JOBS }, { name: 'other' }))).not.toContain(
      'lease-expired',
    );
  });

  test('a partition that is half detached', async () => {
    const pool = db.pool();
    await pool.query(`
      create table days (id int, at timestamptz, primary key (id, at)) partition by range (at);
      create table days_1 partition of days for values from ('2020-01-01') to ('2020-02-01');
      create table days_2 partition of days for values from ('2020-02-01') to ('2020-03-01')`);
    // The second of its two transactions waits for readers of the first.
    const reader = await pool.connect();
    await reader.query('begin; select from days');
    const other = await pool.connect();
    await other.query("set lock_timeout = '100ms'");
    await expect(
      other.query('alter table days detach partition days_1 concurrently'),
    ).rejects.toThrow(/lock timeout/);
    await reader.query('rollback');
    reader.release();
    other.release(true);
    const policies = { days: { table: 'days', olderThan: { column: 'at', age: '90d' } } } as const;
    const found = of(await doctor(pool, policies), 'unfinished-detach');
    expect(found).toMatchObject([{ policies: ['days'], severity: 'warn' }]);
    await cure(pool, found);
    expect(of(await doctor(pool, policies), 'unfinished-detach')).toEqual([]);
  });

  test('rows that are marked, and those that should be gone', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10);
    await pool.query(`
      alter table jobs add deleted_at timestamptz;
      create index on jobs (deleted_at);
      update jobs set deleted_at = now() - interval '2 days' where id <= 4`);
    const policy = (purgeAfter: '1h' | '30d') => ({
      jobs: { ...JOBS, softDelete: { set: {}, at: 'deleted_at', purgeAfter } },
    });
    expect(of(await doctor(pool, policy('30d')), 'soft-deleted')[0]).toMatchObject({
      severity: 'info',
      message: expect.stringMatching(
        /^4 rows of .* for 2 days; the policy purges its own marks after 30 days$/,
      ),
    });
    await pool.query(`update jobs set deleted_at = now() - interval '3 days' where id = 1`);
    expect(of(await doctor(pool, policy('1h')), 'purge-overdue')).toMatchObject([
      { severity: 'warn' },
    ]);
  });

  test('files that a killed run left open, and a directory that is gone', async () => {
    const pool = db.pool();
    await makeJobs(pool, 10);
    const directory = await mkdtemp(join(tmpdir(), 'ops-doctor-'));
    const policies = {
      jobs: { ...JOBS, archive: toFiles({ directory }), where: sql`status = 'completed'` },
    };
    try {
      expect(of(await doctor(pool, policies), 'archive')).toEqual([]);
      const { rows } = await pool.query<{ id: string }>(
        `insert into ops_cleanup.runs (id, name, fence, started_at, ended_at, ok)
         values (gen_random_uuid(), 'default', 1, now(), now(), false) returning id`,
      );
      await writeFile(join(directory, `jobs-${rows[0]?.id}-1-00000000.ndjson.gz.open`), 'x');
      await writeFile(join(directory, 'notes.txt'), 'not ours');
      expect(of(await doctor(pool, policies), 'archive')[0]).toMatchObject({
        severity: 'warn',
        message: `1 files in ${directory} were left open by runs that were killed; 1 of them hold nothing that was committed`,
      });
    } finally {
      await rm(directory, { recursive: true });
    }
    expect(of(await doctor(pool, policies), 'archive')[0]).toMatchObject({ severity: 'error' });
  });
});

test('an examination that fails is a finding, a database that is away is an error', async () => {
  const pool = db.pool();
  await makeJobs(pool, 10);
  await pool.query('alter table jobs add deleted_at int; update jobs set deleted_at = 1');
  const diagnosis = await doctor(pool, {
    jobs: { ...JOBS, softDelete: { set: {}, at: 'deleted_at', purgeAfter: '30d' } },
  });
  expect(of(diagnosis, 'examination-failed')[0]?.message).toMatch(
    /Could not look at the soft-deleted rows/,
  );
  const away = db.pool({ host: '127.0.0.1', port: 1, connectionString: undefined });
  await expect(doctor(away, { jobs: JOBS })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const aborted = AbortSignal.abort(new Error('enough'));
  await expect(jobsCleanup(pool).doctor({ signal: aborted })).rejects.toThrow('enough');
});
