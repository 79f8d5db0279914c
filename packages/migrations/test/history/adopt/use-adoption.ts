import type pg from 'pg';
import { type TestDatabase, useDatabase } from '../../../../../test/postgres.ts';
import type { Query } from '../../../src/database/session.ts';
import {
  createMigrator,
  directory,
  type Migrator,
  type MigratorOptions,
} from '../../../src/index.ts';
import { type Folder, useFolder } from '../../folder.ts';

/** A database and a folder, of which another tool has been in charge. */
export interface Adoption {
  readonly db: TestDatabase;
  readonly folder: Folder;
  /** Far from UTC, so that a column without time zone cannot come out right by chance. */
  pool(config?: pg.PoolConfig): pg.Pool;
  migrator(options?: Partial<MigratorOptions>): Migrator;
  /** The first column of the first row. */
  value(sql: string): Promise<unknown>;
  readonly query: Query;
}

/** Call once at the top of a test file. */
export function useAdoption(): Adoption {
  const db = useDatabase();
  const folder = useFolder();
  const pool = (config: pg.PoolConfig = {}): pg.Pool =>
    db.pool({ options: `-c search_path=${db.schema} -c timezone=Asia/Kolkata`, ...config });
  return {
    db,
    folder,
    pool,
    migrator: (options = {}) =>
      createMigrator({
        connection: pool(),
        sources: [directory(folder.path)],
        history: { schema: db.schema },
        ...options,
      }),
    async value(sql) {
      const { rows } = await pool().query({ text: sql, rowMode: 'array' });
      return (rows[0] as unknown[] | undefined)?.[0];
    },
    query: (async (text, values) => pool().query(text, values)) as Query,
  };
}
