import { type Database, inTransaction } from './database.ts';
import { quoteIdentifierPath } from './identifier.ts';
import type { Settings } from './options.ts';
import { LOOK_LIMITS } from './policy/prepare-policy.ts';

/**
 * The policies in the order in which they run: as given, but one on a table that references another
 * policy's table before that one, so that rows which would hold others back are gone first. Tables
 * that reference each other stay as given.
 */
export async function policyOrder(
  database: Database,
  settings: Settings,
  policies: readonly string[],
): Promise<readonly string[]> {
  if (policies.length < 2) return policies;
  const tables = policies.map((policy) =>
    quoteIdentifierPath(settings.policies[policy]?.table ?? policy),
  );
  const rows = await inTransaction(database, LOOK_LIMITS, (query) =>
    query(
      `select child.place::text as child, parent.place::text as parent
       from unnest($1::text[]) with ordinality child (name, place)
       cross join unnest($1::text[]) with ordinality parent (name, place)
       where child.place <> parent.place
         and exists (
           select
           from pg_constraint f
           where f.contype = 'f'
             and f.conrelid = to_regclass(child.name)
             and f.confrelid = to_regclass(parent.name)
             and f.conrelid <> f.confrelid
         )`,
      [tables],
    ),
  );
  const pairs = rows.map((row) => ({ child: Number(row['child']), parent: Number(row['parent']) }));
  return childrenFirst(policies.length, pairs).flatMap((place) => policies[place - 1] ?? []);
}

/** Places 1 to `count`, each after those that reference it; the lowest of what is possible first. */
export function childrenFirst(
  count: number,
  pairs: readonly { readonly child: number; readonly parent: number }[],
): readonly number[] {
  const ordered: number[] = [];
  const left = Array.from({ length: count }, (_, index) => index + 1);
  while (left.length > 0) {
    const isFree = (place: number): boolean =>
      !pairs.some(({ child, parent }) => parent === place && left.includes(child));
    // In a circle nothing is free; then the first one goes.
    const next = left.find(isFree) ?? left[0] ?? 0;
    ordered.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return ordered;
}
