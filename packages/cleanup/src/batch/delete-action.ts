import type { Leaf } from '../catalog/leaf.ts';
import type { Statement } from '../statement.ts';
import type { Action, PickedRows } from './action.ts';

/** Deletes the rows; what references them goes or stays as its foreign keys say. */
export function createDeleteAction(leaf: Leaf, kind: 'delete' | 'purge'): Action {
  const statement = (rows: PickedRows): Statement => {
    const values: unknown[] = [];
    const text = `with ops_cleanup_gone as (
  delete from only ${leaf.sql} as ${leaf.alias}
  where ${rows.stillDue(values)}
  returning 1
)
select count(*)::text as count
from ops_cleanup_gone`;
    return { text, values };
  };
  return {
    kind,
    statement,
    async act(query, rows) {
      const { text, values } = statement(rows);
      const [row] = await query(text, values);
      return { count: Number(row?.['count']), archived: 0 };
    },
  };
}
