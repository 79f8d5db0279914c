import { type Clock, systemClock } from '@ops/timeout';
import { describe, expect, test } from 'vitest';
import { cutOffAt, databaseNow, wallClockOf } from '../src/cut-off.ts';
import type { Query } from '../src/database.ts';
import { createCleanup, sql } from '../src/index.ts';
import { useCleanupDatabase } from './cleanup-database.ts';
import { AT_ONCE, jobsCleanup, makeJobs } from './expired-table.ts';

const db = useCleanupDatabase();
const ZONES = [
  'UTC',
  'America/New_York',
  'Asia/Kathmandu',
  'Pacific/Chatham',
  'America/St_Johns',
  '+13:45',
];

/** Statements on a connection in `zone`, with a date style that nobody would guess. */
function querying(zone: string): Query {
  const pool = db.pool({ options: `-c TimeZone=${zone} -c DateStyle=SQL,DMY`, max: 1 });
  return async (text, values) => (await pool.query(text, values && [...values])).rows;
}

describe('cut-off', () => {
  test.each(ZONES)('is the same instant, to the microsecond, in %s', async (zone) => {
    const query = querying(zone);
    // New York's clocks changed in between; `now() - interval '30 days'` is an hour off there.
    expect(await cutOffAt(query, '2026-04-01T02:00:00.123456Z', 30 * 86_400_000)).toBe(
      '2026-03-02T02:00:00.123456Z',
    );
    expect(await cutOffAt(query, '2026-04-01T02:00:00.123456Z', 3_600_000.001)).toBe(
      '2026-04-01T01:00:00.123455Z',
    );
    const now = Date.parse(await databaseNow(query));
    expect(Math.abs(now - Date.now())).toBeLessThan(60_000);
  });

  test('is the same in every zone that there is, and so are the rows that are due', async () => {
    const admin = db.pool({ max: 1 });
    const { rows: zones } = await admin.query<{ name: string }>(
      'select name from pg_timezone_names',
    );
    expect(zones.length).toBeGreaterThan(400);
    await admin.query(
      `create table events (id int primary key, at timestamptz, written timestamp)`,
    );
    // Around the changes of clocks of 2026, in both hemispheres.
    const now = '2026-11-02T00:30:00.123456Z';
    await admin.query(
      `insert into events
       select n, $1::timestamptz - interval '720 hours' + n * interval '1 microsecond',
         ($1::timestamptz - interval '720 hours' + n * interval '1 microsecond') at time zone 'UTC'
       from unnest(array[-1, 0, 1]) n`,
      [now],
    );
    const query: Query = async (text, values) =>
      (await admin.query(text, values && [...values])).rows;
    const seen = new Set<string>();
    for (const { name } of zones) {
      await admin.query(`select set_config('TimeZone', $1, false)`, [name]);
      const cutOff = await cutOffAt(query, now, 30 * 86_400_000);
      const { rows } = await admin.query<{ ids: string }>(
        `select string_agg(id::text, ' ' order by id) as ids
         from events
         where at < $1::timestamptz
           and written < $2::timestamp`,
        [cutOff, await wallClockOf(query, cutOff, 'UTC')],
      );
      seen.add(`${cutOff} ${rows[0]?.ids ?? ''}`);
    }
    expect([...seen]).toEqual(['2026-10-03T00:30:00.123456Z -1']);
  });

  test('as wall-clock time, is never later than what was meant in the hour that comes twice', async () => {
    const query = querying('Asia/Kathmandu');
    const wallClock = (instant: string) => wallClockOf(query, instant, 'America/New_York');
    // On 1 November 2026 01:30 comes at 05:30Z and again at 06:30Z.
    expect(await wallClock('2026-11-01T04:30:00.000001Z')).toBe('2026-11-01T00:30:00.000001');
    expect(await wallClock('2026-11-01T05:30:00.000000Z')).toBe('2026-11-01T00:30:00.000000');
    expect(await wallClock('2026-11-01T06:30:00.000000Z')).toBe('2026-11-01T01:30:00.000000');
    expect(await wallClock('2026-07-01T06:30:00.000000Z')).toBe('2026-07-01T02:30:00.000000');
    expect(await wallClockOf(query, '2026-07-01T06:30:00.000000Z', 'UTC')).toBe(
      '2026-07-01T06:30:00.000000',
    );
  });

  test.each(ZONES)('a run deletes the same rows in a session in %s', async (zone) => {
    const admin = db.pool();
    await admin.query(`
      create table events (id int primary key, at timestamptz, written timestamp, day date);
      insert into events
      select
        n,
        now() - interval '2160 hours' + n * interval '10 minutes',
        (now() - interval '2160 hours' + n * interval '10 minutes') at time zone 'Asia/Kathmandu'
      from generate_series(-100, 100) n
      where n not between -1 and 1`);
    const pool = db.pool({
      options: `-c search_path=${db.schema} -c TimeZone=${zone} -c DateStyle=SQL,DMY`,
    });
    const safety = { maxShare: 1 };
    const cleanup = createCleanup({
      pool,
      pace: { ...AT_ONCE, maxBatch: 10 },
      policies: {
        instants: {
          table: 'events',
          olderThan: { column: 'at', age: '90d' },
          // Conditions are read under UTC, whatever the session's zone.
          where: sql`id % 2 = 0 and extract(timezone from at) = 0 and at < ${new Date('2999-01-01T00:00:00Z')}`,
          safety,
        },
        wallClock: {
          table: 'events',
          olderThan: { column: 'written', age: '90d', zone: 'Asia/Kathmandu' },
          where: sql`id % 2 <> 0`,
          safety,
        },
      },
    });
    const report = await cleanup.run();
    expect(report.policies.instants.cutOff).toBe(report.policies.wallClock.cutOff);
    const { rows } = await admin.query('select min(id), count(*)::int from events');
    expect(rows).toEqual([{ min: 2, count: 99 }]);
    // The connection goes back as it came.
    const shown = await pool.query('show timezone');
    const style = await pool.query('show datestyle');
    expect(style.rows).toEqual([{ DateStyle: 'SQL, DMY' }]);
    expect(shown.rows[0].TimeZone).not.toBe(zone === 'UTC' ? '' : 'UTC');
  });
});

test('a clock of the process that is years off, and jumps, moves no cut-off and ends no run', async () => {
  const pool = db.pool();
  await makeJobs(pool, 40, 10);
  let jumps = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => {
      jumps += 1;
      return jumps % 2 === 0 ? 0 : Date.now() + 10 * 365 * 86_400_000;
    },
  };
  const report = await jobsCleanup(pool, { clock, pace: { ...AT_ONCE, maxBatch: 10 } }).run({
    budget: { time: '1h' },
  });
  expect(report.policies.jobs).toMatchObject({ stopped: 'drained', deleted: 40 });
  expect(report.durationMs).toBeLessThan(3_600_000);
  const { rows } = await pool.query<{ off: number }>(
    `select abs(extract(epoch from now() - interval '90 days' - $1::timestamptz))::int as off`,
    [report.policies.jobs.cutOff],
  );
  expect(rows[0]?.off).toBeLessThan(3_600);
  expect((await pool.query('select from jobs')).rowCount).toBe(10);
});
