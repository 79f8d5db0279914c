import type { Session } from '../database/session.ts';
import type { MigrationFile } from '../sources/source.ts';
import { committingProcedures, definedProcedures, unresolvedCalls } from '../sql/procedures.ts';
import { HARMLESS, type RoutineBody, readRoutineBody } from '../sql/routine-body.ts';
import { type Statement, splitStatements } from '../sql/split.ts';

/**
 * The procedures that end transactions, among those that the statements call, directly or not. Where
 * they are defined: in any of the files, applied or not; those that are in none, in the database.
 */
export async function findCommitting(
  statements: readonly Statement[],
  files: readonly MigrationFile[],
  session: Session,
): Promise<ReadonlySet<string>> {
  const known = definedProcedures(files.flatMap(statementsWithProcedures));
  for (
    let names = unresolvedCalls(statements, known);
    names.length > 0;
    names = unresolvedCalls(statements, known)
  ) {
    for (const name of names) known.set(name, HARMLESS);
    for (const [name, body] of await readProcedures(session, names)) {
      const other = known.get(name) ?? HARMLESS;
      known.set(name, {
        commits: other.commits || body.commits,
        calls: [...other.calls, ...body.calls],
      });
    }
  }
  return committingProcedures(known);
}

/** Splitting a file takes a hundred times as long as seeing that the word is not in it. */
function statementsWithProcedures({ kind, text }: MigrationFile): Statement[] {
  return kind === 'sql' && /\bprocedure\b/i.test(text) ? splitStatements(text) : [];
}

interface ProcedureRow {
  readonly name: string;
  readonly language: string;
  readonly source: string;
}

/** A name without schema stands for the procedures of that name in all schemas. */
async function readProcedures(
  session: Session,
  names: readonly string[],
): Promise<[name: string, body: RoutineBody][]> {
  const { rows } = await session.query<ProcedureRow>(READ_SQL, [names]);
  return rows.map(({ name, language, source }) => [name, readRoutineBody(language, source)]);
}

/** Names are written as `readQualifiedName` writes them. */
const READ_SQL = `
  select wanted.name, l.lanname::text as language, p.prosrc as source
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_language l on l.oid = p.prolang
  cross join lateral (
    select
      case when p.proname ~ '^[a-z_][a-z0-9_]*$' collate "C" then p.proname
        else '"' || replace(p.proname, '"', '""') || '"' end as own,
      case when n.nspname ~ '^[a-z_][a-z0-9_]*$' collate "C" then n.nspname
        else '"' || replace(n.nspname, '"', '""') || '"' end as schema
  ) written
  join unnest($1::text[]) wanted(name)
    on wanted.name in (written.own, written.schema || '.' || written.own)
  where p.prokind = 'p'`;
