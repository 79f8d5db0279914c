import { quoteIdentifier } from '../../sql/quote.ts';
import { unfinished } from './adopt-problem.ts';
import { cutName } from './file-name.ts';
import { dateOf, millisecondsOf } from './sql-time.ts';
import type { ForeignTable, Tool } from './tool.ts';

interface Row {
  readonly name: string | null;
  readonly applied_ms: string | null;
}

/** Knex. Knows a migration by its file's name; a second table holds its lock. */
export const knex: Tool = {
  name: 'knex',
  schema: undefined,
  table: 'knex_migrations',
  columns: ['id', 'name', 'batch', 'migration_time'],
  foreignColumns: [],
  trustNote: 'Knex keeps no content and no checksum',
  async read(table) {
    const { query, sql } = table;
    const isLocked = await readLock(table);
    const { rows } = await query<Row>(`
      select name, ${millisecondsOf('migration_time')} as applied_ms
      from ${sql}
      order by id`);
    const entries = rows.map(({ name, applied_ms }) => {
      const label = name ?? '(null)';
      return { label, ...cutName(label), appliedAt: dateOf(applied_ms), compare: undefined };
    });
    const problems = isLocked
      ? [
          unfinished(
            `${table.table}_lock`,
            'says that Knex is migrating, or died at it',
            'Let it end. If nothing runs: knex migrate:unlock',
          ),
        ]
      : [];
    return { entries, upTo: undefined, problems, notes: [] };
  },
};

async function readLock({ query, schema, table }: ForeignTable): Promise<boolean> {
  const lock = `${quoteIdentifier(schema)}.${quoteIdentifier(`${table}_lock`)}`;
  const { rows: found } = await query<{ has_lock: boolean }>(
    'select to_regclass($1) is not null as has_lock',
    [lock],
  );
  if (found[0]?.has_lock !== true) return false;
  const { rows } = await query<{ is_locked: boolean }>(
    `select coalesce(bool_or(is_locked = 1), false) as is_locked from ${lock}`,
  );
  return rows[0]?.is_locked === true;
}
