import type { Session } from '../database/session.ts';
import type { MigrationFile } from '../sources/source.ts';

/** Which of the files have the table, with the columns, that they wait for. One query, no lock. */
export async function findApplicable(
  session: Pick<Session, 'query'>,
  files: readonly MigrationFile[],
): Promise<ReadonlySet<MigrationFile>> {
  const wanted = files.map(({ schema, when }, number) => {
    return { number, schema, table: when?.table, columns: when?.columns ?? [] };
  });
  const { rows } = await session.query<{ number: string }>(APPLICABLE_SQL, [
    JSON.stringify(wanted),
  ]);
  const numbers = new Set(rows.map(({ number }) => Number(number)));
  return new Set(files.filter((_, number) => numbers.has(number)));
}

const APPLICABLE_SQL = `
  select w.number::text as number
  from jsonb_to_recordset($1::jsonb) as w(number integer, schema text, "table" text, columns text[])
  join pg_namespace n on n.nspname = w.schema
  join pg_class c on c.relnamespace = n.oid and c.relname = w."table"
  where c.relkind in ('r', 'p', 'f')
    and w.columns <@ array(
      select a.attname::text
      from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    )`;
