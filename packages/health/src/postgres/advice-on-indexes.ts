import type { Finding } from '../finding.ts';
import type { Measurement } from '../measurement.ts';
import { type Inspect, inBytes, MOST_FINDINGS } from './catalog-check.ts';

/** Advice is no reason for a check to warn: nothing is broken. */
export function adviceOf(findings: readonly Finding[]): Measurement {
  return { status: 'pass', value: findings.length, findings };
}

/** What belongs to an extension, or to the server, is not for the user to change. */
export const OWN_SCHEMAS = `
    n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

interface DuplicateIndex {
  readonly name: string;
  readonly other: string;
  readonly bytes: number;
}

/** Of two unique ones the younger goes, unless a constraint needs it. */
const SELECT_DUPLICATES = `
  select distinct on (c.oid) format('%I.%I', n.nspname, c.relname) as name,
    format('%I', oc.relname) as other, pg_relation_size(c.oid) as bytes
  from pg_index as i
  join pg_index as o on o.indrelid = i.indrelid and o.indexrelid <> i.indexrelid
    and o.indkey = i.indkey and o.indclass = i.indclass
    and o.indcollation = i.indcollation and o.indoption = i.indoption
    and o.indnkeyatts = i.indnkeyatts
    and o.indnullsnotdistinct = i.indnullsnotdistinct
    and pg_get_expr(o.indexprs, o.indrelid) is not distinct from pg_get_expr(i.indexprs, i.indrelid)
    and pg_get_expr(o.indpred, o.indrelid) is not distinct from pg_get_expr(i.indpred, i.indrelid)
  join pg_class as c on c.oid = i.indexrelid
  join pg_class as oc on oc.oid = o.indexrelid and oc.relam = c.relam
  join pg_namespace as n on n.oid = c.relnamespace
  where i.indisvalid and o.indisvalid and not i.indisreplident and not i.indisexclusion
    and not i.indisprimary
    and not c.relispartition
    and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
    and (
      o.indisunique and not i.indisunique
      or o.indisunique = i.indisunique and (
        exists (select from pg_constraint as k where k.conindid = o.indexrelid)
        or o.indexrelid < i.indexrelid
      )
    )
    and ${OWN_SCHEMAS}
  order by c.oid, o.indexrelid
  limit $1::integer`;

/** Two indexes that serve the same queries. */
export function adviseDuplicateIndexes(): Inspect {
  return async (read) => {
    const found = await read.rows<DuplicateIndex>(SELECT_DUPLICATES, [MOST_FINDINGS]);
    return adviceOf(
      found.map(({ name, other, bytes }) => ({
        name: 'duplicate_index',
        level: 'warn',
        object: name,
        detail: `It serves no query that ${other} does not; ${inBytes(bytes)}`,
        remediation: `drop index concurrently ${name};`,
      })),
    );
  };
}

interface UnusedIndex {
  readonly name: string;
  readonly bytes: number;
  readonly since: string | null;
}

/** Small ones cost little and are not worth a thought. 1 MiB is an index of some 30,000 rows. */
const SELECT_UNUSED = `
  select format('%I.%I', n.nspname, c.relname) as name, pg_relation_size(c.oid) as bytes,
    (
      select stats_reset::date::text
      from pg_stat_database
      where datname = current_database()
    ) as since
  from pg_stat_user_indexes as s
  join pg_index as i on i.indexrelid = s.indexrelid
  join pg_class as c on c.oid = i.indexrelid
  join pg_namespace as n on n.oid = c.relnamespace
  where s.idx_scan = 0
    and i.indisvalid and not i.indisunique and not i.indisexclusion and not i.indisreplident
    and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
    and pg_relation_size(c.oid) >= 1048576
    and ${OWN_SCHEMAS}
  order by pg_relation_size(c.oid) desc, 1
  limit $1::integer`;

/** Indexes that no query has used on this server, and that guarantee nothing. */
export function adviseUnusedIndexes(): Inspect {
  return async (read) => {
    const found = await read.rows<UnusedIndex>(SELECT_UNUSED, [MOST_FINDINGS]);
    return adviceOf(
      found.map(({ name, bytes, since }) => ({
        name: 'unused_index',
        level: 'info',
        object: name,
        detail: `No query has used it since ${since ?? 'the statistics began'}; ${inBytes(bytes)}. Each replica counts for itself`,
        remediation: `When no replica and no yearly job uses it: drop index concurrently ${name};`,
      })),
    );
  };
}

interface UnindexedKey {
  readonly table: string;
  readonly constraint: string;
  readonly columns: string;
  readonly referred: string;
}

const SELECT_UNINDEXED = `
  select format('%I.%I', n.nspname, t.relname) as table, format('%I', k.conname) as constraint,
    format('%I.%I', rn.nspname, r.relname) as referred,
    (
      select string_agg(format('%I', a.attname), ', ' order by key.place)
      from unnest(k.conkey) with ordinality as key (attribute, place)
      join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = key.attribute
    ) as columns
  from pg_constraint as k
  join pg_class as t on t.oid = k.conrelid
  join pg_namespace as n on n.oid = t.relnamespace
  join pg_class as r on r.oid = k.confrelid
  join pg_namespace as rn on rn.oid = r.relnamespace
  where k.contype = 'f' and k.conparentid = 0
    and not exists (
      select from pg_index as i
      where i.indrelid = k.conrelid
        and i.indisvalid and i.indpred is null
        and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
    )
    and ${OWN_SCHEMAS}
  order by t.reltuples desc, 1, 2
  limit $1::integer`;

/** Foreign keys whose own columns have no index. */
export function adviseUnindexedKeys(): Inspect {
  return async (read) => {
    const found = await read.rows<UnindexedKey>(SELECT_UNINDEXED, [MOST_FINDINGS]);
    return adviceOf(
      found.map(({ table, constraint, columns, referred }) => ({
        name: 'foreign_key_without_index',
        level: 'info',
        object: `${table}, ${constraint}`,
        detail: `Deleting a row of ${referred}, or changing its key, reads all of ${table}`,
        remediation: `create index concurrently on ${table} (${columns});`,
      })),
    );
  };
}
