import type { SqlClient } from '../../postgres/database.ts';
import { quoteIdentifier } from '../../postgres/identifier.ts';
import type { Parameters } from '../parameters.ts';
import type { Layout } from '../store/layout.ts';

/** The next rows in the order of their time. */
export interface Slice {
  readonly rows: number;
  /** Text of the first and the last time; null without rows. */
  readonly first: string | null;
  readonly last: string | null;
  /** True when these are all that fit the conditions. */
  readonly isLast: boolean;
}

/**
 * Looks at the next `size` rows from `builtTo` on, and one more, whose time is `last`. With an index
 * on the time it reads these rows alone; without one, all that are left.
 */
export async function nextSlice(
  client: SqlClient,
  layout: Layout,
  parameters: Parameters,
  conditions: readonly string[],
  from: string,
  size: number,
): Promise<Slice> {
  const time = `r.${quoteIdentifier(layout.rollup.time)}`;
  const { rows } = await client.query(
    `select count(*)::int as rows, min(at)::text as first, max(at)::text as last
from (
  select ${time} as at
  from ${layout.source} r
  where ${[...conditions, `${time} >= ${parameters.add(from, 'timestamptz')}`].join('\n    and ')}
    and isfinite(${time})
  order by ${time}
  limit ${size + 1}
) s`,
    parameters.values,
  );
  const found = rows[0] as Pick<Slice, 'rows' | 'first' | 'last'>;
  return { ...found, isLast: found.rows <= size };
}
