import type { Session } from '../database/session.ts';

/** What is asked of the server before anything else. */
export interface Server {
  readonly database: string;
  /** Such as `15.18`. */
  readonly version: string;
  readonly isStandby: boolean;
  readonly pageBytes: number;
  /** The schema that hypopg's functions are in, when the extension is in this database. */
  readonly hypopgSchema: string | undefined;
  /** Whether `create extension hypopg` would find it. */
  readonly hasHypopgFiles: boolean;
}

interface ServerRow {
  readonly database: string;
  readonly version: string;
  readonly is_standby: boolean;
  readonly page_bytes: number;
  readonly hypopg_schema: string | null;
  readonly has_hypopg_files: boolean;
}

export async function readServer(session: Session): Promise<Server> {
  const { rows } = await session.query<ServerRow>(`
    select current_database() as database,
      split_part(current_setting('server_version'), ' ', 1) as version,
      pg_is_in_recovery() as is_standby,
      current_setting('block_size')::integer as page_bytes,
      (
        select n.nspname
        from pg_extension e
        join pg_namespace n on n.oid = e.extnamespace
        where e.extname = 'hypopg'
      ) as hypopg_schema,
      exists (select from pg_available_extensions where name = 'hypopg') as has_hypopg_files`);
  const [row] = rows;
  if (row === undefined) throw new TypeError('The server gave no row for a row of constants');
  return {
    database: row.database,
    version: row.version,
    isStandby: row.is_standby,
    pageBytes: row.page_bytes,
    hypopgSchema: row.hypopg_schema ?? undefined,
    hasHypopgFiles: row.has_hypopg_files,
  };
}
