import { readFileSync } from 'node:fs';
import { type CleanupReport, createCleanup, ensureTables, type Throttle } from '@ops/cleanup';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import { createHandler } from '../edge-function.ts';
import { scheduleCleanup } from '../in-process.ts';

const db = useDatabase();
const SECRET = '0123456789abcdef';

async function prepared(pool: pg.Pool, expired: number): Promise<void> {
  await ensureTables(pool, { schema: db.schema });
  await pool.query(`
    create table jobs (id int primary key, at timestamptz not null);
    create index on jobs (at);
    insert into jobs select n, now() - interval '100 days' from generate_series(1, ${expired}) n;
    insert into jobs select -n, now() from generate_series(1, ${expired}) n`);
}

function jobs(pool: pg.Pool, throttle: readonly Throttle[] = [], maxShare = 0.5) {
  return createCleanup({
    pool,
    throttle,
    history: { schema: db.schema },
    pace: { dutyCycle: 1 },
    policies: {
      jobs: { table: 'jobs', olderThan: { column: 'at', age: '90d' }, safety: { maxShare } },
    },
  });
}

test('of two replicas one works, and the other finds it busy', async () => {
  const pool = db.pool();
  await prepared(pool, 100);
  const reports: CleanupReport[] = [];
  const night = {
    onReport: (report: CleanupReport) => void reports.push(report),
    onError: (error: unknown) => {
      throw error;
    },
  };
  const second = scheduleCleanup(jobs(db.pool()), night);
  // The first has the lease from before its first batch on.
  let isSecondOver = false;
  const first = scheduleCleanup(
    jobs(pool, [
      {
        name: 'until-the-other-has-tried',
        async check() {
          if (!isSecondOver) await second.job.trigger();
          isSecondOver = true;
          return { go: true };
        },
      },
    ]),
    night,
  );
  await first.job.trigger();
  expect(reports.map(({ deleted, policies }) => [deleted, policies['jobs']?.stopped])).toEqual([
    [0, 'busy'],
    [100, 'drained'],
  ]);
  expect(first.job.nextRun()?.toISOString().slice(11, 19)).toBe('02:00:00');
  // A process that ends: nothing begins any more, and nothing keeps it.
  first.stop();
  second.stop();
  await first.job.trigger();
  expect(reports.at(-1)).toMatchObject({ policies: { jobs: { stopped: 'aborted' } } });
});

describe('the function', () => {
  function post(handler: (request: Request) => Promise<Response>, authorization?: string) {
    return handler(
      new Request('https://app.test/functions/v1/cleanup', {
        method: 'POST',
        ...(authorization !== undefined && { headers: { authorization } }),
      }),
    );
  }

  test('cleans up for whoever has the secret, and nobody else', async () => {
    const pool = db.pool();
    await prepared(pool, 30);
    const handler = createHandler({ cleanup: jobs(pool), secret: SECRET });
    for (const wrong of [undefined, '', 'Bearer ', `Bearer ${SECRET}x`, SECRET]) {
      expect((await post(handler, wrong)).status).toBe(401);
    }
    expect((await handler(new Request('https://app.test/'))).status).toBe(405);
    const { rows } = await pool.query('select count(*)::int from jobs');
    expect(rows).toEqual([{ count: 60 }]);
    const response = await post(handler, `Bearer ${SECRET}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      deleted: 30,
      drained: true,
      policies: { jobs: 'drained' },
    });
    expect(() => createHandler({ cleanup: jobs(pool), secret: '' })).toThrow(/16 characters/);
  });

  test('says by its status what needs somebody, and nothing of the database', async () => {
    const pool = db.pool();
    await prepared(pool, 30);
    const refused = await post(
      createHandler({ cleanup: jobs(pool, [], 0.1), secret: SECRET }),
      `Bearer ${SECRET}`,
    );
    expect(refused.status).toBe(409);
    const away = db.pool({ connectionString: 'postgres://me:hunter22@127.0.0.1:1/app' });
    const failed = await post(
      createHandler({ cleanup: jobs(away), secret: SECRET }),
      `Bearer ${SECRET}`,
    );
    expect(failed.status).toBe(500);
    expect(await failed.text()).toMatch(/^\{"deleted":0,[^}]*"policies":\{"jobs":"failed"\}\}$/);
  });
});

test('the statements of pg-cron.sql schedule requests that can be made', async () => {
  const pool = db.pool();
  // The signatures of pg_cron, pg_net and Vault, which this server does not have.
  await pool.query(`
    create schema cron; create schema net; create schema vault;
    create table cron.job (name text, schedule text, command text);
    create table cron.job_run_details (runid bigint, end_time timestamptz);
    create function cron.schedule(job_name text, schedule text, command text) returns bigint
      language sql as 'insert into cron.job values ($1, $2, $3) returning 1::bigint';
    create table vault.decrypted_secrets (name text, decrypted_secret text);
    insert into vault.decrypted_secrets values ('cleanup_url', 'https://x.test'), ('cleanup_secret', 's');
    create table net.sent (url text, headers jsonb, timeout_ms int);
    create function net.http_post(
      url text, body jsonb default '{}', params jsonb default '{}',
      headers jsonb default '{}', timeout_milliseconds int default 5000
    ) returns bigint
      language sql as 'insert into net.sent values ($1, $4, $5) returning 1::bigint';
    insert into cron.job_run_details values (1, now() - interval '15 days'), (2, now())`);
  await pool.query(readFileSync(`${import.meta.dirname}/../pg-cron.sql`, 'utf8'));
  const { rows } = await pool.query<{ command: string }>('select command from cron.job');
  for (const { command } of rows) await pool.query(command);
  expect((await pool.query('select * from net.sent')).rows).toEqual([
    { url: 'https://x.test', headers: { authorization: 'Bearer s' }, timeout_ms: 150_000 },
  ]);
  expect((await pool.query('select runid from cron.job_run_details')).rows).toEqual([
    { runid: '2' },
  ]);
  await pool.query('drop schema cron, net, vault cascade');
});
