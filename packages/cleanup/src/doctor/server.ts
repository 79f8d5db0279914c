import type { CleanupFinding } from './diagnosis.ts';
import type { Examination } from './examination.ts';
import { finding } from './finding.ts';

/** What holds for the whole server, and what this role may see of it. */
export function examineServer(): Examination {
  return {
    of: 'the server',
    async examine(query) {
      const [row] = await query(
        `select
           pg_is_in_recovery()::text as is_standby,
           coalesce(d.is_read_only, false)::text as is_read_only,
           current_setting('autovacuum') as autovacuum,
           current_setting('track_counts') as track_counts,
           pg_has_role('pg_read_all_stats', 'usage')::text as sees_all
         from (
           select reset_val = 'on' as is_read_only
           from pg_settings
           where name = 'default_transaction_read_only'
         ) d`,
      );
      const findings: CleanupFinding[] = [];
      if (row?.['is_standby'] === 'true') findings.push(STANDBY);
      else if (row?.['is_read_only'] === 'true') findings.push(READ_ONLY);
      if (row?.['autovacuum'] !== 'on' || row['track_counts'] !== 'on')
        findings.push(NO_AUTOVACUUM);
      if (row?.['sees_all'] !== 'true') findings.push(HIDDEN);
      return findings;
    },
  };
}

const STANDBY = finding({
  code: 'read-only',
  severity: 'error',
  message: 'This server is a standby, so nothing can be deleted here',
  remedy: 'Connect the pool to the primary',
});
const READ_ONLY = finding({
  code: 'read-only',
  severity: 'error',
  message: 'default_transaction_read_only is on for this role or database, so every run fails',
  remedy: 'Turn it off for the role of the pool',
});
const NO_AUTOVACUUM = finding({
  code: 'autovacuum-off',
  severity: 'warn',
  message:
    'autovacuum or track_counts is off for the whole server, so the space of deleted rows is never used again',
  remedy: 'Turn both on, and reload the configuration',
  sql: [
    'alter system set autovacuum = on',
    'alter system set track_counts = on',
    'select pg_reload_conf()',
  ],
});
const HIDDEN = finding({
  code: 'sessions-hidden',
  severity: 'info',
  message:
    'This role does not see the transactions of others, so nothing is said of those that hold back vacuum',
  remedy: 'Grant pg_read_all_stats to it to have them looked at, also by longTransactions()',
});
