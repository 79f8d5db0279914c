import type { Session } from '../database/session.ts';
import type { IndexTarget } from '../sql/index-statement.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import type { IndexFacts, KeyFacts } from './redundancy.ts';

/** An index in the catalog. */
export interface KnownIndex {
  readonly name: string;
  readonly isValid: boolean;
  readonly facts: IndexFacts;
}

interface FactsRow {
  readonly name: string;
  readonly is_valid: boolean;
  readonly is_unique: boolean;
  readonly is_constraint: boolean;
  readonly method: string;
  readonly keys: readonly KeyFacts[];
  readonly included: readonly string[] | null;
  readonly predicate: string | null;
  readonly rest: string;
}

/** All indexes of a table, given by its oid or as `to_regclass` reads it. Takes no lock. */
export async function readIndexFacts(session: Session, table: string): Promise<KnownIndex[]> {
  const { rows } = await session.query<FactsRow>(FACTS_SQL, [table]);
  return rows.map((row) => ({
    name: row.name,
    isValid: row.is_valid,
    facts: {
      method: row.method,
      isUnique: row.is_unique,
      isConstraint: row.is_constraint,
      keys: row.keys,
      included: row.included ?? [],
      predicate: row.predicate,
      rest: row.rest,
    },
  }));
}

/**
 * What the statement would make. The server says so: it is run on an empty temporary table with the
 * columns of the real one. Call it in a transaction that is rolled back. Takes an ACCESS SHARE lock on
 * the table until then, and needs the right to create temporary tables.
 */
export async function factsOfWanted(
  session: Session,
  target: IndexTarget,
  table: { readonly schema: string; readonly table: string },
): Promise<IndexFacts | undefined> {
  const name = quoteIdentifier(table.table);
  await session.query(`create temp table ${name} (like ${quoteIdentifier(table.schema)}.${name})`);
  await session.query(target.cloneText);
  return (await readIndexFacts(session, `pg_temp.${name}`))[0]?.facts;
}

const FACTS_SQL = `
  select c.relname as name, am.amname as method,
    i.indisvalid and i.indisready and i.indislive as is_valid,
    i.indisunique as is_unique,
    exists (select from pg_constraint where conindid = i.indexrelid) as is_constraint,
    pg_get_expr(i.indpred, i.indrelid) as predicate,
    jsonb_build_object(
      'storage', (select jsonb_agg(o order by o) from unnest(c.reloptions) o),
      'immediate', i.indimmediate,
      'nulls not distinct', i.indnullsnotdistinct
    )::text as rest,
    (
      select jsonb_agg(
        jsonb_build_object(
          'of', pg_get_indexdef(i.indexrelid, k + 1, false),
          'by', concat_ws(' ', i.indclass[k], i.indcollation[k], a.attoptions),
          'option', i.indoption[k]
        )
        order by k
      )
      from generate_series(0, i.indnkeyatts - 1) k
      join pg_attribute a on a.attrelid = i.indexrelid and a.attnum = k + 1
    ) as keys,
    (
      select jsonb_agg(pg_get_indexdef(i.indexrelid, k, false))
      from generate_series(i.indnkeyatts + 1, i.indnatts) k
    ) as included
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_am am on am.oid = c.relam
  where i.indrelid = to_regclass($1)
  order by c.relname`;
