import { isHeld, type ResolvedHold } from '../condition/condition.ts';
import type { Query } from '../database.ts';

/** SHARE: a hold that is being written is waited for, and none can be added until the transaction is over. */
export async function lockHolds(query: Query, holds: readonly ResolvedHold[]): Promise<void> {
  for (const table of new Set(holds.map(({ sql }) => sql))) {
    await query(`lock table ${table} in share mode`);
  }
}

/**
 * The table of a hold that covers a row of `table`; undefined when none does. It may have to read
 * the whole partition: the transaction's statement timeout bounds it.
 */
export async function holdOn(
  query: Query,
  holds: readonly ResolvedHold[],
  { table, alias }: { readonly table: string; readonly alias: string },
): Promise<string | undefined> {
  for (const hold of holds) {
    const values: unknown[] = [];
    const [row] = await query(
      `select exists (
         select
         from ${table} as ${alias}
         where ${isHeld(alias, hold, values)}
       )::text as is_held`,
      values,
    );
    if (row?.['is_held'] === 'true') return hold.sql;
  }
  return undefined;
}
