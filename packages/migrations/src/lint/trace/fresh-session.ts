import type { TraceDatabase } from './database.ts';

interface Setting {
  readonly name: string;
  readonly setting: string;
}

/** Gives every file what a new connection would have. */
export interface FreshSession {
  /** Forgets what a file has set for the session, its temporary tables and its role. */
  (): Promise<void>;
}

/** What `alter database … set` and `alter role … set` say; a session reads it only when it begins. */
const APPLY_STORED = `
select set_config(left(pair, strpos(pair, '=') - 1), substr(pair, strpos(pair, '=') + 1), false)
from (
  select unnest(s.setconfig) as pair
  from pg_db_role_setting s
  where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
    and s.setrole in (0, (select oid from pg_roles where rolname = session_user))
  order by s.setrole, s.setdatabase
) stored`;

/** @param database as `setup` left it: what that has set stays set for all files. */
export async function freshSessionOf(database: TraceDatabase): Promise<FreshSession> {
  const kept = await database.rows<Setting>(
    "select name, setting from pg_settings where source = 'session' and context <> 'internal'",
  );
  return async () => {
    await database.run('discard all');
    for (const { name, setting } of kept) {
      await database.rows('select set_config($1, $2, false)', [name, setting]);
    }
    await database.rows(APPLY_STORED);
  };
}
