import type { Query } from '../database.ts';
import { look } from '../history/ensure-tables.ts';
import { LEASE_SECONDS } from '../history/lease.ts';
import { TABLE_NAMES } from '../history/tables.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { CleanupFinding } from './diagnosis.ts';
import type { Case, Examination } from './examination.ts';
import { age, finding } from './finding.ts';

/** The tables that runs are written down in, and the lease. */
export function examineHistory({ settings }: Case): Examination {
  const { schema } = settings.history;
  return {
    of: `the history in the schema ${schema}`,
    async examine(query) {
      const hidden = await hiddenSchema(query, schema);
      if (hidden) return [hidden];
      const { missing } = await look(query, schema);
      if (missing.length > 0) return [missingTables(schema, missing)];
      const rights = await missingRights(query, schema);
      return rights ?? (await examineLease(query, schema, settings.name));
    },
  };
}

function missingTables(schema: string, missing: readonly string[]): CleanupFinding {
  const all = missing.length === TABLE_NAMES.length;
  return finding({
    code: 'tables-missing',
    severity: 'error',
    message: `The schema ${schema} lacks ${all ? 'the tables of the history' : missing.join(', ')}, so no run begins`,
    remedy: `Call ensureTables(pool, { schema: '${schema}' }) once, or apply the migration pack cleanupTables`,
  });
}

/** Without this right not even the names of its tables may be looked up. */
async function hiddenSchema(query: Query, schema: string): Promise<CleanupFinding | undefined> {
  const [row] = await query(
    `select
       current_user::text as role,
       has_schema_privilege(to_regnamespace($1)::oid, 'usage')::text as is_usable`,
    [quoteIdentifier(schema)],
  );
  if (row?.['is_usable'] !== 'false') return undefined;
  return historyRights(schema, row['role'] ?? '', 'use the schema');
}

async function missingRights(
  query: Query,
  schema: string,
): Promise<readonly CleanupFinding[] | undefined> {
  const quoted = quoteIdentifier(schema);
  const rows = await query(
    `select
       t.name,
       r.privilege,
       current_user::text as role
     from unnest($2::text[]) t (name)
     cross join unnest(array['select', 'insert', 'update', 'delete']) r (privilege)
     where not coalesce(has_table_privilege(to_regclass($1 || '.' || t.name), r.privilege), false)
     order by t.name`,
    [quoted, TABLE_NAMES],
  );
  if (rows.length === 0) return undefined;
  const names = [...new Set(rows.map((row) => row['name'] ?? ''))];
  const role = rows[0]?.['role'] ?? '';
  return [historyRights(schema, role, `read and change ${names.join(', ')}`)];
}

function historyRights(schema: string, role: string, what: string): CleanupFinding {
  const [quoted, grantee] = [quoteIdentifier(schema), quoteIdentifier(role)];
  return finding({
    code: 'history-rights',
    severity: 'error',
    message: `The role ${role} may not ${what} of the history (${schema}), so no run begins`,
    remedy: 'Grant it to the role of the pool',
    sql: [
      `grant usage on schema ${quoted} to ${grantee}`,
      `grant select, insert, update, delete on all tables in schema ${quoted} to ${grantee}`,
    ],
  });
}

async function examineLease(
  query: Query,
  schema: string,
  name: string,
): Promise<readonly CleanupFinding[]> {
  const [row] = await query(
    `select
       owner,
       run_id::text as run_id,
       extract(epoch from clock_timestamp() - heartbeat_at)::text as silent_seconds,
       (stop_requested_at is not null)::text as is_stopping
     from ${quoteIdentifier(schema)}.leases
     where name = $1
       and owner is not null`,
    [name],
  );
  if (!row) return [];
  const who = `${row['owner'] ?? ''} (run ${row['run_id'] ?? ''})`;
  const silent = Number(row['silent_seconds']);
  if (silent > LEASE_SECONDS) {
    return [
      finding({
        code: 'lease-expired',
        severity: 'warn',
        message: `The lease ${name} was left behind by ${who}, which was last heard of ${age(silent)} ago: that process was killed, or hangs`,
        remedy: 'The next run takes it over; see why that process did not end its run',
      }),
    ];
  }
  const stopping = row['is_stopping'] === 'true' ? ', and was asked to stop' : '';
  return [
    finding({
      code: 'lease-held',
      severity: 'info',
      message: `A run is under way: ${who}, heard of ${age(Math.max(0, silent))} ago${stopping}`,
    }),
  ];
}
