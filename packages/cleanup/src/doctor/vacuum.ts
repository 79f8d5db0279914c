import type { Query, TextRow } from '../database.ts';
import type { CleanupFinding, TableState } from './diagnosis.ts';
import type { Case, Examination, Limits } from './examination.ts';
import { figure, finding, megabytes } from './finding.ts';

/** Statistics, and whether vacuum comes. */
export function examineVacuum({ tables, limits }: Case): Examination {
  return {
    of: 'vacuum and statistics',
    async examine(query) {
      const settings = await readSettings(query, tables);
      return tables.flatMap((table) => {
        const row = settings.get(table.table);
        return row
          ? [
              ...autovacuumOff(table, row),
              ...deadRows(table, row, limits),
              ...statistics(table, row, limits),
              ...space(table, limits),
            ]
          : [];
      });
    },
  };
}

/** By table; what is set for the table goes before what is set for the server. */
async function readSettings(
  query: Query,
  tables: readonly TableState[],
): Promise<ReadonlyMap<string, TextRow>> {
  const rows = await query(
    `select
       t.name,
       coalesce(o.options ->> 'autovacuum_enabled', 'on') as enabled,
       round(
         coalesce(o.options ->> 'autovacuum_vacuum_threshold', current_setting('autovacuum_vacuum_threshold'))::numeric
         + coalesce(o.options ->> 'autovacuum_vacuum_scale_factor', current_setting('autovacuum_vacuum_scale_factor'))::numeric
           * greatest(c.reltuples, 0)::numeric
       )::text as comes_at,
       (c.reltuples < 0)::text as is_never_analyzed,
       pg_relation_size(c.oid)::text as bytes,
       coalesce(s.n_mod_since_analyze, 0)::text as changed
     from unnest($1::text[]) t (name)
     join pg_class c on c.oid = to_regclass(t.name)
     left join pg_stat_all_tables s on s.relid = c.oid
     cross join lateral (
       select jsonb_object_agg(x.option_name, x.option_value) as options
       from pg_options_to_table(c.reloptions) x
     ) o`,
    [tables.map(({ table }) => table)],
  );
  return new Map(rows.map((row) => [row['name'] ?? '', row]));
}

function autovacuumOff({ table, policies }: TableState, row: TextRow): readonly CleanupFinding[] {
  if (!/^(?:off|false|no|0)$/i.test(row['enabled'] ?? '')) return [];
  return [
    finding({
      code: 'autovacuum-off',
      severity: 'warn',
      policies,
      table,
      message: `Autovacuum is off for ${table}, so the space of its deleted rows is never used again`,
      remedy: 'Turn it on',
      sql: [`alter table ${table} reset (autovacuum_enabled)`],
    }),
  ];
}

function deadRows(
  { table, policies, deadRows: dead, liveRows, vacuumedAt }: TableState,
  row: TextRow,
  limits: Limits,
): readonly CleanupFinding[] {
  const comesAt = Number(row['comes_at']);
  if (dead < limits.deadRows || dead < comesAt) return [];
  const last = vacuumedAt === null ? 'was never vacuumed' : `was last vacuumed at ${vacuumedAt}`;
  const live = liveRows === null ? 'an unknown number of' : figure(liveRows);
  return [
    finding({
      code: 'dead-rows',
      severity: 'warn',
      policies,
      table,
      message: `${table} has ${figure(dead)} dead rows beside ${live} live ones and ${last}; autovacuum comes from ${figure(comesAt)} on`,
      remedy:
        'Vacuum it, and see below whether something holds vacuum back; a lower autovacuum_vacuum_scale_factor makes it come sooner',
      sql: [`vacuum (analyze) ${table}`],
    }),
  ];
}

function statistics(
  { table, policies, liveRows, analyzedAt }: TableState,
  row: TextRow,
  limits: Limits,
): readonly CleanupFinding[] {
  const sql = [`analyze ${table}`];
  const about = { policies, table, sql } as const;
  if (row['is_never_analyzed'] === 'true') {
    const bytes = Number(row['bytes']);
    if (bytes === 0) return [];
    const message = `${table} (${megabytes(bytes)}) was never analyzed, so shares and walks are guessed; a large table is refused`;
    return [
      finding({
        code: 'never-analyzed',
        severity: 'warn',
        ...about,
        message,
        remedy: 'Analyze it',
      }),
    ];
  }
  const changed = Number(row['changed']);
  if (changed < limits.deadRows || changed < (liveRows ?? 0) * 0.5) return [];
  const since = analyzedAt === null ? 'it was analyzed' : `it was analyzed at ${analyzedAt}`;
  const message = `${figure(changed)} rows of ${table} were changed since ${since}, beside ${figure(liveRows ?? 0)} live ones: estimates may be far off`;
  return [
    finding({ code: 'old-statistics', severity: 'warn', ...about, message, remedy: 'Analyze it' }),
  ];
}

function space(
  { table, policies, heapBytes, reusableBytes }: TableState,
  limits: Limits,
): readonly CleanupFinding[] {
  if (reusableBytes === null || reusableBytes < limits.reusableBytes) return [];
  if (reusableBytes < heapBytes / 2) return [];
  return [
    finding({
      code: 'reusable-space',
      severity: 'info',
      policies,
      table,
      message: `About ${megabytes(reusableBytes)} of the ${megabytes(heapBytes)} of ${table} hold no live row: the table uses them again, and the disk does not get them back`,
      remedy:
        'To give them back, rewrite the table with pg_repack or pg_squeeze; they need the room of a copy, and "vacuum full" locks the table meanwhile',
    }),
  ];
}
