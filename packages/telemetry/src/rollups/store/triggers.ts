import { quoteIdentifier } from '../../postgres/identifier.ts';
import { bucketOf } from '../grain.ts';
import type { Rollup } from '../rollup.ts';
import { quoteTablePath } from '../table-path.ts';

const EVENTS = ['insert', 'update', 'delete', 'truncate'] as const;

/**
 * Triggers, one for each statement that changes rows, that note the buckets touched. Marks have no
 * unique key, so that no writer waits for another or for a refresh; they are visible when the rows
 * are. The function runs as its owner: writers need no rights on our tables.
 *
 * `create trigger` takes a SHARE ROW EXCLUSIVE lock: it waits for writers, and blocks them meanwhile.
 */
export function triggerStatements(rollup: Rollup): string {
  const source = quoteTablePath(rollup.from);
  const execute = `for each statement execute function {{schema}}.${functionName(rollup)}()`;
  const transitions = {
    insert: 'referencing new table as new_rows',
    update: 'referencing old table as old_rows new table as new_rows',
    delete: 'referencing old table as old_rows',
    truncate: '',
  };
  const triggers = EVENTS.map(
    (event) => `
create or replace trigger ${triggerName(rollup, event)}
after ${event} on ${source}
${transitions[event]}
${execute};`,
  );
  return markFunction(rollup) + triggers.join('');
}

/** Removes the triggers of any definition of the rollup, whatever table they are on. */
export function dropTriggers(name: string): string {
  return `
drop function if exists {{schema}}.${quoteIdentifier(`${name}_mark`)}() cascade;`;
}

function functionName(rollup: Rollup): string {
  return quoteIdentifier(`${rollup.name}_mark`);
}

function triggerName(rollup: Rollup, event: string): string {
  return quoteIdentifier(`${rollup.name}_${event}`);
}

function markFunction(rollup: Rollup): string {
  const [finest = 'hour'] = rollup.grains;
  const time = quoteIdentifier(rollup.time);
  const touched = (table: string): string =>
    `select ${bucketOf(finest, `t.${time}`)} from ${table} t where pg_catalog.isfinite(t.${time})`;
  // No name can hold it, so that none ends the body.
  const tag = `$m${rollup.hash}$`;
  // A truncate takes all rows: those in the rollup's buckets, and those whose buckets have marks.
  return `
create or replace function {{schema}}.${functionName(rollup)}() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as ${tag}
begin
  if tg_op = 'TRUNCATE' then
    insert into {{schema}}.rollup_marks (rollup, bucket)
    select distinct '${rollup.name}', bucket
    from {{schema}}.${quoteIdentifier(`${rollup.name}_${finest}`)};
  elsif tg_op = 'INSERT' then
    insert into {{schema}}.rollup_marks (rollup, bucket)
    select distinct '${rollup.name}', b.bucket from (${touched('new_rows')}) b (bucket);
  elsif tg_op = 'DELETE' then
    insert into {{schema}}.rollup_marks (rollup, bucket)
    select distinct '${rollup.name}', b.bucket from (${touched('old_rows')}) b (bucket);
  else
    insert into {{schema}}.rollup_marks (rollup, bucket)
    select '${rollup.name}', b.bucket
    from (${touched('old_rows')} union ${touched('new_rows')}) b (bucket);
  end if;
  return null;
end
${tag};`;
}
