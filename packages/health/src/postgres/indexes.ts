import type { Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ExternalCheckSpec } from '../check.ts';
import type { Finding } from '../finding.ts';
import {
  type CatalogPolicy,
  catalogCheck,
  catalogPolicy,
  type Inspect,
  MOST_FINDINGS,
  parseCatalogOptions,
} from './catalog-check.ts';
import type { PostgresPool } from './postgres-pool.ts';

/** Options of {@link indexes}. */
export interface IndexesOptions extends CatalogPolicy {}

const schema = z.strictObject({ ...catalogPolicy } satisfies Shape<IndexesOptions>);

/**
 * Indexes that are not valid: what a `create index concurrently` or `reindex concurrently` leaves
 * behind when it fails. They cost every write, and serve no query; a unique one may refuse rows. An
 * index that is being built, rebuilt or dropped at the moment does not count, nor does that of a
 * partitioned table some of whose partitions still lack theirs. Code: `threshold`;
 * `insufficient_privilege` when a build of another role is under way that the role may not see
 * (`pg_read_all_stats`), since any of the indexes may be the one.
 *
 * Runs every 5 minutes unless told otherwise. @throws InvalidOptionsError naming every fault.
 */
export function indexes(pool: PostgresPool, options: IndexesOptions = {}): ExternalCheckSpec {
  const of = 'postgres.indexes';
  const policy = parseCatalogOptions(schema, options, of);
  return catalogCheck(pool, { of, everyMs: 300_000, policy, inspect: inspectIndexes() });
}

interface InvalidIndex {
  readonly name: string;
  readonly table: string;
  readonly isPartitioned: boolean;
  /** `_ccnew`: the unfinished copy of `reindex concurrently`; `_ccold`: the replaced original. */
  readonly isLeftover: boolean;
  readonly total: number;
}

/**
 * Under way is a build that reports its progress, told by the table, since the old index of a
 * rebuild becomes invalid too; and whatever holds the lock on the index itself that all concurrent
 * work takes. Vacuum takes that one on tables only.
 */
const SELECT_INVALID = `
  select format('%I.%I', n.nspname, c.relname) as name,
    format('%I.%I', tn.nspname, t.relname) as table,
    c.relkind = 'I' as "isPartitioned",
    c.relname ~ '_cc(new|old)\\d*$' as "isLeftover",
    count(*) over () as total
  from pg_index as i
  join pg_class as c on c.oid = i.indexrelid
  join pg_namespace as n on n.oid = c.relnamespace
  join pg_class as t on t.oid = i.indrelid
  join pg_namespace as tn on tn.oid = t.relnamespace
  where not (i.indisvalid and i.indisready and i.indislive)
    and c.relpersistence <> 't'
    and not exists (
      select from pg_stat_progress_create_index as p
      where p.datid = (select oid from pg_database where datname = current_database())
        and p.relid = i.indrelid
    )
    and not exists (
      select from pg_locks as l
      where l.locktype = 'relation'
        and l.database = (select oid from pg_database where datname = current_database())
        and l.relation = i.indexrelid
        and l.mode = 'ShareUpdateExclusiveLock'
        and l.granted
    )
  order by c.relkind = 'I', 1
  limit $1::integer`;

const SELECT_HIDDEN_BUILDS = `
  select count(*) as count
  from pg_stat_progress_create_index
  where datname = current_database() and relid is null`;

export function inspectIndexes(): Inspect {
  return async (read) => {
    const invalid = await read.rows<InvalidIndex>(SELECT_INVALID, [MOST_FINDINGS]);
    const total = invalid[0]?.total ?? 0;
    const [hidden] = await read.rows<{ count: number }>(SELECT_HIDDEN_BUILDS);
    const hasHidden = (hidden?.count ?? 0) > 0;
    const isBad = invalid.some(({ isPartitioned }) => !isPartitioned);
    if (isBad && hasHidden) {
      const message = `${total} indexes are not valid, but may be under construction: grant pg_read_all_stats`;
      return { status: 'warn', code: 'insufficient_privilege', value: total, message };
    }
    return {
      status: isBad ? 'warn' : 'pass',
      value: total,
      unit: 'indexes',
      message: `${total} indexes are not valid`,
      findings: invalid.map(findingOf),
    };
  };
}

function findingOf({ name, table, isPartitioned, isLeftover }: InvalidIndex): Finding {
  if (isPartitioned) {
    return {
      name: 'partitioned_index_incomplete',
      level: 'info',
      object: name,
      detail: `Partitions of ${table} lack this index`,
      remediation: `Create it on each of them, then: alter index ${name} attach partition …;`,
    };
  }
  const drop = `drop index concurrently ${name};`;
  return {
    name: isLeftover ? 'leftover_index' : 'invalid_index',
    level: 'warn',
    object: name,
    detail: `An index of ${table} is not valid: it costs every write and serves no query`,
    remediation: isLeftover ? drop : `reindex index concurrently ${name}; -- or ${drop}`,
  };
}
