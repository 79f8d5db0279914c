/**
 * A column of points in time as the text of milliseconds since 1970, whatever a program has told `pg`
 * about dates. A column without time zone is read in the time zone of the session, as `now()` put it
 * there.
 */
export function millisecondsOf(column: string): string {
  return `(extract(epoch from ${column}::timestamptz) * 1000)::text`;
}

/** Undefined for null and for `infinity`. */
export function dateOf(milliseconds: string | null): Date | undefined {
  const value = milliseconds === null ? Number.NaN : Number(milliseconds);
  return Number.isFinite(value) ? new Date(value) : undefined;
}
