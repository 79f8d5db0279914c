import type { Query } from './database.ts';

/*
 * A cut-off is an instant, kept as text with its microseconds (a JavaScript Date would drop them)
 * and bound as text. It is the database's time minus an exact number of microseconds, never a
 * calendar interval: `now() - interval '30 days'` is an hour off in a session whose zone changed its
 * clocks in between.
 */

/** The database's time as UTC text, such as `2026-04-01T02:00:00.123456Z`. */
export async function databaseNow(query: Query): Promise<string> {
  const [row] = await query(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now`,
  );
  return row?.['now'] ?? '';
}

/** `now` minus `ageMs`, in the same form. */
export async function cutOffAt(query: Query, now: string, ageMs: number): Promise<string> {
  const [row] = await query(
    `select to_char(
       ($1::timestamptz - $2::bigint * interval '1 microsecond') at time zone 'UTC',
       'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
     ) as cut_off`,
    [now, Math.round(ageMs * 1000)],
  );
  return row?.['cut_off'] ?? '';
}

/** True when `cutOff` is later than `limit`; both are instants as above. */
export async function isLater(query: Query, cutOff: string, limit: string): Promise<boolean> {
  const [row] = await query('select ($1::timestamptz > $2::timestamptz)::text as is_later', [
    cutOff,
    limit,
  ]);
  return row?.['is_later'] === 'true';
}

/**
 * Whether the server has a zone of this name. It takes other texts, too, and reads them as POSIX
 * does: `-05:00` and `UTC-5` lie east of Greenwich there, so rows would go ten hours early.
 */
export async function isZoneName(query: Query, zone: string): Promise<boolean> {
  const [row] = await query(
    `select exists (
       select
       from pg_timezone_names
       where lower(name) = lower($1)
     )::text as is_name`,
    [zone],
  );
  return row?.['is_name'] === 'true';
}

/**
 * The cut-off as wall-clock text of `zone`, for a column without a zone.
 *
 * In the hour that is passed twice in autumn a stored time means either of two instants. The
 * subtracted difference is 0 but for a cut-off in the first of those two hours, where it moves the
 * cut-off to before both, so a row is kept an hour longer instead of deleted an hour early.
 */
export async function wallClockOf(query: Query, cutOff: string, zone: string): Promise<string> {
  const [row] = await query(
    `select to_char(
       local - greatest((local at time zone $2) - $1::timestamptz, interval '0'),
       'YYYY-MM-DD"T"HH24:MI:SS.US'
     ) as wall_clock
     from (select $1::timestamptz at time zone $2 as local) l`,
    [cutOff, zone],
  );
  return row?.['wall_clock'] ?? '';
}
