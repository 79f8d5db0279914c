import type pg from 'pg';

/** Everything in a schema but the history: relations with columns, indexes, views. */
export async function describeSchema(pool: pg.Pool, schema: string): Promise<unknown> {
  const { rows } = await pool.query(
    `select c.relname, c.relkind, i.indisvalid, pg_get_indexdef(i.indexrelid) as index,
       case when c.relkind = 'v' then pg_get_viewdef(c.oid) end as view,
       (
         select array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) order by a.attname)
         from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       ) as columns
     from pg_class c
     left join pg_index i on i.indexrelid = c.oid
     where c.relnamespace = $1::regnamespace
       and coalesce(i.indrelid, c.oid) is distinct from to_regclass($2)
     order by c.relname`,
    [schema, `${schema}.migrations`],
  );
  return rows;
}
