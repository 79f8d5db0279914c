import { isServerError } from '../database/client.ts';
import { refOf, type StandaloneStep } from '../migration.ts';
import { outline } from '../sql/outline.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { isWord } from '../sql/split.ts';
import type { StepRun } from './run.ts';
import { withSessionTimeouts } from './session-settings.ts';
import { failureAround } from './statement-failure.ts';

interface RemainsRow {
  readonly schema: string;
  readonly index: string;
}

/**
 * Drops what an interrupted `reindex … concurrently` has left: invalid indexes whose names end in
 * `_ccnew` or `_ccold`, on the tables that the statement is about, unless somebody is building one of
 * that table at this moment. They would be kept up to date for ever and never be used.
 */
export async function dropReindexRemains(stepRun: StepRun<StandaloneStep>): Promise<void> {
  const { run, migration, step, ref } = stepRun;
  const [statement] = step.statements;
  const target = readTarget(stepRun);
  if (target === undefined) return;
  try {
    const found = await run.session.query<RemainsRow>(REMAINS_SQL, [target.kind, target.name]);
    for (const { schema, index } of found.rows) {
      const name = `${quoteIdentifier(schema)}.${quoteIdentifier(index)}`;
      await withSessionTimeouts(stepRun, { lock_timeout: 0, statement_timeout: 0 }, () =>
        run.watcher.during(() =>
          // By name, which is looked up again under the lock: of a build that has just ended, nothing.
          run.session.query(`drop index concurrently if exists ${name}`),
        ),
      );
      run.tally.recovered.push({ index, file: migration.file });
      run.emit({ type: 'index-recovered', migration: refOf(migration), step: ref });
    }
  } catch (error) {
    throw isServerError(error) ? failureAround(migration, statement, error) : error;
  }
}

/** What is to be reindexed: `index`, `table`, `schema` or `database`, and its name as written. */
function readTarget({
  step,
}: StepRun<StandaloneStep>): { readonly kind: string; readonly name: string } | undefined {
  const { tokens, text, start } = step.statements[0];
  if (!/^reindex\b.*\bconcurrently\b/.test(outline(tokens))) return undefined;
  const kinds = ['index', 'table', 'schema', 'database'];
  const at = tokens.findIndex((token) => kinds.some((kind) => isWord(token, kind)));
  const isNext = isWord(tokens[at + 1], 'concurrently');
  const name = tokens[at + (isNext ? 2 : 1)];
  const kind = tokens[at]?.text.toLowerCase();
  if (kind === undefined) return undefined;
  return { kind, name: name === undefined ? '' : text.slice(name.start - start) };
}

/** A table stands for its partitions and the tables of its long values, too. */
const REMAINS_SQL = `
  with wanted as (
    select c.oid
    from pg_class c
    where case $1
      when 'database' then true
      when 'schema' then c.relnamespace = to_regnamespace($2)
      else c.oid = any(array(
        select coalesce(i.indrelid, p.relid)
        from pg_partition_tree(to_regclass($2)) p
        left join pg_index i on i.indexrelid = p.relid
        union all
        select coalesce(i.indrelid, to_regclass($2))
        from (select to_regclass($2) as relid) named
        left join pg_index i on i.indexrelid = named.relid
      ))
    end
  )
  select n.nspname::text as schema, c.relname::text as index
  from pg_index i
  join pg_class c on c.oid = i.indexrelid
  join pg_namespace n on n.oid = c.relnamespace
  where not i.indisvalid
    and c.relname ~ '_cc(new|old)[0-9]*$'
    and (
      i.indrelid in (select oid from wanted)
      or i.indrelid in (
        select t.reltoastrelid from pg_class t join wanted on wanted.oid = t.oid
      )
    )
    and not exists (
      select
      from pg_stat_progress_create_index p
      where p.datname = current_database()
        and p.pid <> pg_backend_pid()
        and (
          p.relid = i.indrelid
          or p.relid is null and exists (
            select
            from pg_locks l
            where l.pid = p.pid
              and l.relation = i.indrelid
              and l.mode = 'ShareUpdateExclusiveLock'
              and l.granted
          )
        )
    )
  order by 1, 2`;
