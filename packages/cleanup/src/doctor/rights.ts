import type { Query } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { CleanupFinding } from './diagnosis.ts';
import type { Case, Examination } from './examination.ts';
import { figure, finding } from './finding.ts';
import { cascadedTables, grouped, type Subject } from './subjects.ts';

/** What must be allowed on some tables; one of those in an inner list will do. */
interface Need {
  /** The table of the policy, a child or a hold; what is said is about it. */
  readonly sql: string;
  /** It, or its partitions: they are read and locked by their own names. */
  readonly tables: readonly { readonly oid: string; readonly sql: string }[];
  readonly rights: readonly (readonly [right: string, ...instead: string[]])[];
  readonly because: string;
}

/** Whether the tables are there, and may be read, locked and changed. */
export function examineRights({ subjects }: Case): Examination {
  return {
    of: 'the rights on the tables',
    async examine(query) {
      const findings: CleanupFinding[] = subjects.flatMap(missingTables);
      const pairs = subjects.flatMap((subject) =>
        needsOf(subject).map(
          (need) => [`${need.sql} ${need.because}`, need, subject.policy] as const,
        ),
      );
      for (const { thing: need, policies } of grouped(pairs)) {
        findings.push(...(await missingOn(query, need, policies)));
      }
      return [...findings, ...(await missingOwnership(query, subjects))];
    },
  };
}

function missingTables({ policy, settings, facts, holds }: Subject): readonly CleanupFinding[] {
  const names = [
    ...(facts ? [] : [settings.table]),
    ...holds.flatMap(({ hold, facts: there }) => (there ? [] : [hold.table])),
  ];
  return names.map((name) =>
    finding({
      code: 'unknown-table',
      severity: 'error',
      policies: [policy],
      message: `There is no table ${name}, or this role does not see its schema, so the policy ${policy} is refused`,
      remedy: 'Correct the name, write it with its schema, or grant usage on the schema',
    }),
  );
}

function needsOf(subject: Subject): readonly Need[] {
  const { facts, settings, holds } = subject;
  if (!facts) return [];
  const isDropping = settings.outcome.type === 'drop-partitions';
  const own: Need = {
    sql: facts.sql,
    tables: facts.leaves,
    rights: isDropping ? [['select']] : OWN,
    because: isDropping ? 'for looking at its rows' : 'for its rows to be locked and deleted',
  };
  const archived = settings.outcome.type === 'archive' ? cascadedTables(subject) : [];
  const children = archived.map((table) => ({
    sql: table.sql,
    tables: [table],
    rights: CHILD,
    because: 'for its rows to be archived with those that they reference',
  }));
  const held = holds.flatMap(({ facts: hold }) =>
    hold
      ? [{ sql: hold.sql, tables: [hold], rights: HOLD, because: 'for holds to be locked' }]
      : [],
  );
  return [own, ...children, ...held];
}

const OWN: Need['rights'] = [['select'], ['update'], ['delete']];
const CHILD: Need['rights'] = [['select'], ['delete']];
/** What the lock in SHARE mode takes: any of these. */
const HOLD: Need['rights'] = [['select'], ['update', 'delete', 'truncate']];

async function missingOn(
  query: Query,
  { sql, tables, rights, because }: Need,
  policies: readonly string[],
): Promise<readonly CleanupFinding[]> {
  // Rows are locked by a role that may update any one column.
  const rows = await query(
    `select
       t.oid::text as oid,
       r.privilege
     from unnest($1::oid[]) t (oid)
     cross join unnest($2::text[]) r (privilege)
     where case r.privilege
         when 'update' then has_any_column_privilege(t.oid, 'update')
         else has_table_privilege(t.oid, r.privilege)
       end`,
    [tables.map(({ oid }) => oid), rights.flat()],
  );
  const granted = new Set(rows.map((row) => `${row['oid']} ${row['privilege']}`));
  const lacking = tables.flatMap((table) => {
    const missing = rights.filter(
      (any) => !any.some((right) => granted.has(`${table.oid} ${right}`)),
    );
    return missing.length === 0
      ? []
      : [{ table, list: missing.map(([right]) => right).join(', ') }];
  });
  if (lacking.length === 0) return [];
  const [{ role = '' } = {}] = await query('select current_user::text as role');
  const isWhole = lacking.length === 1 && lacking[0]?.table.sql === sql;
  const where = isWhole ? sql : `${figure(lacking.length)} partitions of ${sql}`;
  const lists = [...new Set(lacking.map(({ list }) => list))].join(' or ');
  return [
    finding({
      code: 'missing-right',
      severity: 'error',
      policies,
      table: sql,
      message: `The role ${role} lacks ${lists} on ${where}, ${because}`,
      remedy: 'Grant it, or give the cleanup a pool of a role that has it',
      sql: lacking.map(
        ({ table, list }) => `grant ${list} on ${table.sql} to ${quoteIdentifier(role ?? '')}`,
      ),
    }),
  ];
}

/** Only an owner may detach and drop. */
async function missingOwnership(
  query: Query,
  subjects: readonly Subject[],
): Promise<readonly CleanupFinding[]> {
  const roots = subjects.flatMap(({ policy, settings, facts }) =>
    facts && settings.outcome.type === 'drop-partitions' ? [{ policy, ...facts }] : [],
  );
  const findings: CleanupFinding[] = [];
  for (const { policy, oid, sql } of roots) {
    const [row] = await query(
      `select
         current_user::text as role,
         pg_get_userbyid(c.relowner)::text as owner,
         pg_has_role(c.relowner, 'usage')::text as is_owner
       from pg_class c
       where c.oid = $1::oid`,
      [oid],
    );
    if (!row || row['is_owner'] === 'true') continue;
    const [role, owner] = [row['role'] ?? '', row['owner'] ?? ''];
    findings.push(
      finding({
        code: 'missing-right',
        severity: 'error',
        policies: [policy],
        table: sql,
        message: `The role ${role} does not own ${sql}, and only its owner ${owner} may detach and drop partitions`,
        remedy: 'Make it a member of the owning role, or give the cleanup a pool of the owner',
        sql: [`grant ${quoteIdentifier(owner)} to ${quoteIdentifier(role)}`],
      }),
    );
  }
  return findings;
}
