import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import { cutOffAt, databaseNow, wallClockOf } from '../src/cut-off.ts';
import type { Query } from '../src/database.ts';
import { createCleanup, sql } from '../src/index.ts';
import { AT_ONCE } from './expired-table.ts';

const db = useDatabase();
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
