import type { Database } from './databases.ts';

/** What differs from one undisturbed run of `smallTexts(fileCount)`. Undefined when nothing does. */
export async function findFault(
  database: Database,
  fileCount: number,
): Promise<string | undefined> {
  const expected = Array.from({ length: Math.ceil(fileCount / 4) }, (_, at) => `item_${at}`);
  const tables = await database.query<{ name: string }>(`
    select relname as name
    from pg_class
    where relkind = 'r' and relname like 'item%'`);
  const missing = expected.filter((name) => !tables.some((found) => found.name === name));
  if (missing.length > 0 || tables.length !== expected.length) {
    return `${tables.length} tables instead of ${expected.length}`;
  }
  // The last file of four puts one row into each; a file that ran twice would leave two.
  const complete = expected.slice(0, Math.floor(fileCount / 4));
  const counts = complete.map((name) => `select count(*)::int as rows from ${name}`);
  const rows = await database.query<{ rows: number }>(counts.join(' union all '));
  const wrong = rows.filter((row) => row.rows !== 1).length;
  return wrong === 0 ? undefined : `${wrong} tables with other than one row`;
}
