import type { Session } from '../database/session.ts';
import type { PendingMigration } from '../history/compare.ts';
import type { Migration } from '../migration.ts';
import { setsSetting } from '../sql/classify.ts';
import { readQualifiedName } from '../sql/identifier.ts';
import { outline } from '../sql/outline.ts';
import { isWord, type Statement } from '../sql/split.ts';

/** A plain `create index` on a table that has rows. */
export interface BlockingIndex {
  readonly migration: Migration;
  readonly statement: Statement;
  readonly table: string;
  /** Estimated by the server. */
  readonly rows: number;
}

type Candidate = Omit<BlockingIndex, 'rows'>;

/** One query, without a lock on any table. Tables that the pending files make are not there yet. */
export async function findBlockingIndexes(
  session: Session,
  pending: readonly PendingMigration[],
): Promise<readonly BlockingIndex[]> {
  const candidates = pending.flatMap(candidatesOf);
  if (candidates.length === 0) return [];
  const { rows } = await session.query<{ number: string; rows: string }>(ROWS_SQL, [
    candidates.map(({ table }) => table),
  ]);
  return rows.flatMap((row) => {
    const candidate = candidates[Number(row.number) - 1];
    return candidate === undefined ? [] : [{ ...candidate, rows: Number(row.rows) }];
  });
}

function candidatesOf({ migration, stepsDone }: PendingMigration): Candidate[] {
  const left = migration.steps
    .slice(stepsDone)
    .flatMap((step) => (step.kind === 'transaction' ? step.statements : []));
  return left.flatMap((statement) => {
    const table = plainIndexTable(statement);
    const before = migration.statements.slice(0, migration.statements.indexOf(statement));
    const isElsewhere = before.some((each) => setsSetting(each, 'search_path'));
    return table === undefined || isElsewhere ? [] : [{ migration, statement, table }];
  });
}

/** As `to_regclass` reads it. Undefined for any other statement. */
function plainIndexTable({ tokens }: Statement): string | undefined {
  if (!/^create (?:unique )?index (?!concurrently\b)/.test(outline(tokens))) return undefined;
  const on = tokens.findIndex((token) => isWord(token, 'on'));
  const at = isWord(tokens[on + 1], 'only') ? on + 2 : on + 1;
  return on === -1 ? undefined : readQualifiedName(tokens, at)?.name;
}

/** A table that ANALYZE has not seen has -1; then the counters of the activity know. */
const ROWS_SQL = `
  select wanted.number::text as number, size.rows::bigint::text as rows
  from unnest($1::text[]) with ordinality wanted(name, number)
  join pg_class c on c.oid = to_regclass(wanted.name)
  cross join lateral (
    select sum(greatest(p.reltuples, s.n_live_tup, 0)) as rows
    from (
      select c.oid
      union
      select relid from pg_partition_tree(c.oid) where isleaf
    ) part(oid)
    join pg_class p on p.oid = part.oid
    left join pg_stat_all_tables s on s.relid = p.oid
    where p.relkind <> 'p'
  ) size
  where size.rows > 0
  order by wanted.number`;
