import { describe, expect, test } from 'vitest';
import { ensureTables } from '../../src/history/ensure-tables.ts';
import { useCleanupDatabase } from '../cleanup-database.ts';
import { jobIds, makeJobs } from '../expired-table.ts';
import { type Ended, runProcess } from './process.ts';

const db = useCleanupDatabase();

interface Setting {
  readonly MAX_BATCH?: string;
  readonly DUTY?: string;
}

async function prepared(expired: number, fresh: number) {
  const pool = db.pool();
  await makeJobs(pool, expired, fresh);
  await ensureTables(pool, { schema: db.schema });
  return pool;
}

function env(setting: Setting = {}): Record<string, string> {
  return { DATABASE_URL: db.url, SCHEMA: db.schema, ...setting };
}

/** Runs it, and sends `signal` once it has committed a batch. */
async function interrupted(signal: NodeJS.Signals): Promise<Ended> {
  const pool = db.pool();
  const over = new AbortController();
  const result = await runProcess(['run'], {
    // One row, and then a hundred times as long a pause.
    env: env({ MAX_BATCH: '1', DUTY: '0.01' }),
    onStart(child) {
      void (async () => {
        const all = (await jobIds(pool)).length;
        while (!over.signal.aborted && (await jobIds(pool)).length === all);
        child.kill(signal);
      })();
    },
  });
  over.abort();
  return result;
}

describe('ops-cleanup as a process', { timeout: 60_000 }, () => {
  test('finds the configuration by its usual name, drains, and ends by itself', async () => {
    const pool = await prepared(500, 100);
    const [one, other] = await Promise.all([
      runProcess(['run', '--json'], { env: env() }),
      runProcess(['run', '--json'], { env: env() }),
    ]);
    const ends = [one, other].map(({ exitCode, stdout, stderr }) => {
      expect(stderr).toBe('');
      return [exitCode, JSON.parse(stdout).report.deleted];
    });
    expect(await jobIds(pool)).toHaveLength(100);
    // Both have come one after the other, or one has found the other at work.
    expect(ends.map(([, deleted]) => deleted).toSorted((a, b) => a - b)).toEqual([0, 500]);
    for (const [exitCode, deleted] of ends) expect([0, deleted === 0 ? 3 : 0]).toContain(exitCode);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends it after the batch, with the report and %d', async (signal, exitCode) => {
    const pool = await prepared(400, 10);
    const ended = await interrupted(signal);
    expect(ended.exitCode).toBe(exitCode);
    const [, deleted] = /^jobs +aborted +(\d+)/m.exec(ended.stdout) ?? [];
    expect(await jobIds(pool)).toHaveLength(410 - Number(deleted));
    // The lease was given back: the next one need not wait.
    const { rows } = await pool.query(`select owner from ${db.schema}.leases`);
    expect(rows).toEqual([{ owner: null }]);
  });

  test('a second Ctrl-C ends it at once, and nothing of the batch is kept', async () => {
    const pool = await prepared(10, 10);
    await pool.query(`
      create function slow() returns trigger language plpgsql as $$
      begin
        perform pg_sleep(2);
        return old;
      end $$;
      create trigger slow before delete on jobs for each statement execute function slow()`);
    const { exitCode, signal, stdout } = await runProcess(['run'], {
      env: env(),
      onStart(child) {
        void (async () => {
          for (;;) {
            const { rows } = await pool.query(`
              select from pg_stat_activity
              where datname = current_database() and wait_event = 'PgSleep'`);
            if (rows.length > 0) break;
          }
          child.kill('SIGINT');
        })();
      },
      onStderr: (text, child) => {
        if (text.includes('Ends after the batch')) child.kill('SIGINT');
      },
    });
    expect({ exitCode, signal, stdout }).toEqual({ exitCode: null, signal: 'SIGINT', stdout: '' });
    expect(await jobIds(pool)).toHaveLength(20);
  });

  test('says what is wrong without the password', async () => {
    const url = new URL(db.url);
    url.username = 'nobody_here';
    url.password = 's3cr3t-word';
    const { exitCode, stdout, stderr } = await runProcess(['plan'], {
      env: { DATABASE_URL: url.href, SCHEMA: db.schema },
    });
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^ops-cleanup: .+\n$/);
    expect(stderr).not.toContain('s3cr3t');
  });
});
