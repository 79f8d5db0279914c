import type { ForeignKeyFacts } from './catalog/foreign-keys.ts';
import { inTransaction, isServerError, type Query } from './database.ts';
import { quoteIdentifier } from './identifier.ts';
import { addBlocked, listRoom } from './policy-tally.ts';
import type { PolicyState } from './run-policy.ts';
import type { Target } from './walk/target.ts';

/** Rows that are counted at most. */
const COUNT_MAX = 1_000_000;

/**
 * Counts and names the rows that would be due and that other tables reference. They were never
 * picked: deleting each in vain would cost a batch of its own.
 */
export async function addGuarded(policy: PolicyState, target: Target): Promise<void> {
  if (!target.condition.guarded) return;
  const { tally, notes, database, lookLimits } = policy;
  try {
    await inTransaction({ ...database, signal: undefined }, lookLimits, async (query) => {
      const count = await countGuarded(query, target);
      if (count === 0) return;
      const listed = await listGuarded(query, target, listRoom(tally.left));
      for (const row of listed) {
        addBlocked(tally.left, row);
        policy.emit({ type: 'row-blocked', policy: policy.policy, row });
      }
      tally.left.blockedCount += Math.max(0, count - listed.length);
    });
  } catch (error) {
    if (!isServerError(error) || error.code !== '57014') throw error;
    const names = target.condition.guards.map((guard) => guard.child.sql).join(', ');
    notes.push(`How many rows stay because ${names} reference them takes too long to count.`);
  }
}

/** Up to {@link COUNT_MAX}. */
async function countGuarded(
  query: Query,
  { leaf, condition }: Pick<Target, 'leaf' | 'condition'>,
): Promise<number> {
  if (!condition.guarded) return 0;
  const values: unknown[] = [];
  const [row] = await query(
    `select count(*)::text as count
     from (
       select
       from only ${leaf.sql} as ${leaf.alias}
       where ${condition.guarded(values)}
       limit $${values.push(COUNT_MAX)}::bigint
     ) guarded`,
    values,
  );
  return Number(row?.['count']);
}

async function listGuarded(
  query: Query,
  { leaf, condition }: Target,
  limit: number,
): Promise<
  readonly {
    readonly key: Readonly<Record<string, string>>;
    readonly reason: 'rejected';
    readonly code: string;
    readonly message: string;
    readonly constraint: string;
  }[]
> {
  if (!condition.guarded) return [];
  const values: unknown[] = [];
  const keys = leaf.keyColumns.map(
    (name, index) => `${leaf.alias}.${quoteIdentifier(name)}::text as key_${index}`,
  );
  const order = leaf.keyColumns.map((name) => `${leaf.alias}.${quoteIdentifier(name)}`).join(', ');
  const found = condition.guards.map(
    (guard, index) => `when ${isReferenced(leaf.alias, guard)} then '${index}'`,
  );
  const rows = await query(
    `select ${keys.join(', ')}, case ${found.join(' ')} end as guard
     from only ${leaf.sql} as ${leaf.alias}
     where ${condition.guarded(values)}
     order by ${order}
     limit $${values.push(limit)}::bigint`,
    values,
  );
  return rows.map((row) => {
    const guard = condition.guards[Number(row['guard'])];
    return {
      key: Object.fromEntries(
        leaf.keyColumns.map((name, index) => [name, row[`key_${index}`] ?? '']),
      ),
      reason: 'rejected',
      code: '23503',
      message: `It is still referenced from ${guard?.child.sql ?? 'another table'}`,
      constraint: guard?.constraint ?? '',
    };
  });
}

function isReferenced(alias: string, guard: ForeignKeyFacts): string {
  const pairs = guard.columns.map(
    (column, index) =>
      `ops_cleanup_guard.${quoteIdentifier(column)} = ${alias}.${quoteIdentifier(guard.parentColumns[index] ?? '')}`,
  );
  return `exists (select from ${guard.child.sql} ops_cleanup_guard where ${pairs.join(' and ')})`;
}
