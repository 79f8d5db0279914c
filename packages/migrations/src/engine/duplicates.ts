import { isServerError } from '../database/client.ts';
import type { Session } from '../database/session.ts';
import type { DuplicateSample } from '../errors.ts';
import type { FoundIndex } from './index-catalog.ts';

/** Rows that contradict a unique index. */
export interface Duplicates {
  /** Lists all of them. */
  readonly query: string;
  readonly samples: readonly DuplicateSample[];
}

/** Grouping a large table takes long, and the samples are a courtesy. */
const SAMPLING_MS = 5_000;
const SAMPLES = 5;

interface FailedIndex {
  readonly keys: readonly string[];
  readonly predicate: string | null;
  readonly nulls_count: string | null;
}

/** Found by what the failed build has left in the catalog. Undefined when nothing is left. */
export async function findDuplicates(
  session: Session,
  { oid, table }: FoundIndex,
): Promise<Duplicates | undefined> {
  const { rows } = await session.query<FailedIndex>(
    `select array(
       select pg_get_indexdef(i.indexrelid, k, false) from generate_series(1, i.indnkeyatts) k
     )::text[] as keys,
     pg_get_expr(i.indpred, i.indrelid) as predicate,
     case when i.indnullsnotdistinct then 'yes' end as nulls_count
     from pg_index i
     where i.indexrelid = $1::oid`,
    [oid],
  );
  const [index] = rows;
  if (index === undefined) return undefined;
  const { keys, predicate } = index;
  const conditions = [
    ...(index.nulls_count === null ? keys.map((key) => `${key} is not null`) : []),
    ...(predicate === null ? [] : [predicate]),
  ];
  const where = conditions.length > 0 ? ` where ${conditions.join(' and ')}` : '';
  const group = `group by ${keys.map((_, at) => at + 1).join(', ')} having count(*) > 1`;
  const from = `from ${table}${where} ${group}`;
  const samples = await sample(session, keys, from);
  return { query: `select ${keys.join(', ')}, count(*) ${from}`, samples };
}

interface SampleRow {
  readonly key: readonly (string | null)[];
  readonly count: string;
}

async function sample(
  session: Session,
  keys: readonly string[],
  from: string,
): Promise<DuplicateSample[]> {
  const columns = keys.map((key, at) => `${key} as key_${at + 1}`).join(', ');
  const texts = keys.map((_, at) => `key_${at + 1}::text`).join(', ');
  try {
    await session.query(`begin read only; set local statement_timeout = ${SAMPLING_MS}`);
    const { rows } = await session.query<SampleRow>(`
      select array[${texts}]::text[] as key, n::text as count
      from (select ${columns}, count(*) as n ${from}) found
      order by n desc, 1
      limit ${SAMPLES}`);
    return rows.map(({ key, count }) => {
      const values = keys.map((expression, at) => [expression, key[at] ?? null]);
      return { key: Object.fromEntries(values), count: Number(count) };
    });
  } catch (error) {
    if (!isServerError(error)) throw error;
    return [];
  } finally {
    await session.settle('rollback').catch(() => {});
  }
}
