import type { Leaf } from '../catalog/leaf.ts';
import type { Statement } from '../statement.ts';
import type { Action, PickedRows } from './action.ts';

/** Deletes the rows; what references them goes or stays as its foreign keys say. */
export function createDeleteAction(leaf: Leaf, kind: 'delete' | 'purge'): Action {
  const statement = (rows: PickedRows): Statement => {
    const values: unknown[] = [];
    const text = `delete from only ${leaf.sql} as ${leaf.alias}
where ${rows.stillDue(values)}`;
    return { text, values };
  };
  return {
    kind,
    statement,
    async act(query, rows) {
      const { text, values } = statement(rows);
      const { affected } = await query(text, values);
      // Counting them by RETURNING would read each row once more: 0.22 s of processor time for
      // 100,000 rows without children, instead of 0.15 s (measured).
      if (affected === undefined) {
        throw new TypeError('The pool does not tell the rowCount of a statement, as pg does');
      }
      return { count: affected, archived: 0 };
    },
  };
}
