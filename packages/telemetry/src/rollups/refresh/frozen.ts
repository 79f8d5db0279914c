/**
 * SQL of the time before which buckets are frozen, by the server's clock.
 *
 * @param retention SQL of the raw rows' retention in milliseconds.
 */
export function frozenBeforeSql(retention: string): string {
  return `(clock_timestamp() - ${retention}::float8 * interval '1 millisecond')`;
}
