import type { Query, TextRow } from '../database.ts';
import type { CleanupFinding } from './diagnosis.ts';
import type { Case, Examination, Limits } from './examination.ts';
import { age, figure, finding, literal, megabytes } from './finding.ts';

/** What still may see deleted rows, so that vacuum has to keep them. */
export function examineSnapshots({ limits }: Case): Examination {
  return {
    of: 'what holds back vacuum',
    async examine(query) {
      return [
        ...(await openTransactions(query, limits)),
        ...(await preparedTransactions(query, limits)),
        ...(await slots(query, limits)),
        ...(await standbys(query, limits)),
      ];
    },
  };
}

async function openTransactions(query: Query, limits: Limits): Promise<readonly CleanupFinding[]> {
  const rows = await query(
    `select
       pid::text as pid,
       coalesce(usename, '')::text as role,
       coalesce(application_name, '') as application,
       coalesce(state, '') as state,
       extract(epoch from clock_timestamp() - xact_start)::text as seconds
     from pg_stat_activity
     where datname = current_database()
       and pid <> pg_backend_pid()
       and (backend_xmin is not null or backend_xid is not null)
       and backend_type = 'client backend'
       and xact_start <= clock_timestamp() - $1::float8 * interval '1 second'
     order by xact_start
     limit 10`,
    [limits.openSeconds],
  );
  return rows.map((row) => {
    const { pid, role, application } = row;
    const of = (application ?? '') === '' ? `role ${role}` : `${application}, role ${role}`;
    return finding({
      code: 'long-transaction',
      severity: 'warn',
      message: `A transaction of process ${pid} (${of}) is open for ${age(Number(row['seconds']))} (${row['state']}): nothing that was deleted since can be vacuumed`,
      remedy: 'End it; idle_in_transaction_session_timeout keeps such from coming back',
      sql: [`select pg_terminate_backend(${pid})`],
    });
  });
}

async function preparedTransactions(
  query: Query,
  limits: Limits,
): Promise<readonly CleanupFinding[]> {
  const rows = await query(
    `select gid, owner::text as owner, extract(epoch from clock_timestamp() - prepared)::text as seconds
     from pg_prepared_xacts
     where database = current_database()
       and prepared <= clock_timestamp() - $1::float8 * interval '1 second'
     order by prepared
     limit 10`,
    [limits.openSeconds],
  );
  return rows.map((row) => {
    const gid = literal(row['gid'] ?? '');
    return finding({
      code: 'prepared-transaction',
      severity: 'warn',
      message: `The prepared transaction ${gid} of ${row['owner']} waits for ${age(Number(row['seconds']))}: it keeps its locks, and nothing that was deleted since can be vacuumed`,
      remedy: 'Commit it or roll it back, as its transaction manager says',
      sql: [],
    });
  });
}

/** A slot is of the whole server: one of another database keeps write-ahead log too. */
async function slots(query: Query, limits: Limits): Promise<readonly CleanupFinding[]> {
  const rows = await query(
    `select
       slot_name::text as name,
       slot_type as type,
       active::text as is_active,
       age(xmin)::text as behind,
       pg_wal_lsn_diff(
         case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
         restart_lsn
       )::text as wal
     from pg_replication_slots
     where not temporary
       and (not active or age(xmin) > $1::int)
     order by slot_name`,
    [limits.xmin],
  );
  return rows.map(slotFinding);
}

function slotFinding(row: TextRow): CleanupFinding {
  const { name, type, behind } = row;
  const isActive = row['is_active'] === 'true';
  const wal = row['wal'] == null ? 'no' : megabytes(Math.max(0, Number(row['wal'])));
  const rows =
    behind == null
      ? ''
      : `, and the rows that were deleted in the last ${figure(Number(behind))} transactions`;
  return finding({
    code: 'replication-slot',
    severity: 'warn',
    message: `The ${type} replication slot ${name} ${isActive ? 'is far behind' : 'is not in use'}: the server keeps ${wal} of write-ahead log for it${rows}, and every deleted row adds to that`,
    remedy: isActive
      ? 'See what its reader waits for'
      : 'Bring its reader back, or drop the slot when nobody needs it any more',
    sql: isActive ? [] : [`select pg_drop_replication_slot(${literal(name ?? '')})`],
  });
}

/** With hot_standby_feedback, queries over there keep rows over here. */
async function standbys(query: Query, limits: Limits): Promise<readonly CleanupFinding[]> {
  const rows = await query(
    `select
       coalesce(nullif(application_name, ''), 'process ' || pid) as name,
       age(backend_xmin)::text as behind
     from pg_stat_replication
     where age(backend_xmin) > $1::int
     order by pid`,
    [limits.xmin],
  );
  return rows.map((row) =>
    finding({
      code: 'standby-feedback',
      severity: 'warn',
      message: `A query on the standby ${row['name']} keeps the rows that were deleted in the last ${figure(Number(row['behind']))} transactions`,
      remedy:
        'End it there; max_standby_streaming_delay and statement_timeout keep such from coming back',
    }),
  );
}
