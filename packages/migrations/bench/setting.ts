import { join } from 'node:path';
import type { Consumer } from './consumer.ts';
import type { Database, Databases } from './databases.ts';
import { type Run, runProgram } from './run-program.ts';

/** What every part of the bench works with. */
export interface Setting {
  readonly consumer: Consumer;
  readonly databases: Databases;
  /** Few rounds: to see that all of it runs, not to measure. */
  readonly isQuick: boolean;
}

/** A way to run migrations. */
export interface Tool {
  readonly label: string;
  /** In programs/. */
  readonly program: string;
  readonly flags: readonly string[];
}

export const OURS: Tool = { label: '@ops/migrations', program: 'ops-up', flags: [] };
export const POSTGRES_MIGRATIONS: Tool = {
  label: 'postgres-migrations',
  program: 'postgres-migrations',
  flags: [],
};

/** Its default: a transaction a file. */
export const NODE_PG_MIGRATE: Tool = {
  label: 'node-pg-migrate',
  program: 'node-pg-migrate',
  flags: [],
};
/** All files in one transaction. */
export const NODE_PG_MIGRATE_SINGLE: Tool = {
  label: 'node-pg-migrate, one transaction for all',
  program: 'node-pg-migrate',
  flags: ['single'],
};
/** Waits for the lock instead of failing. */
export const NODE_PG_MIGRATE_WAITING: Tool = {
  label: "node-pg-migrate, `advisoryLockMode: 'wait'`",
  program: 'node-pg-migrate',
  flags: ['wait'],
};

export async function up(
  { consumer }: Setting,
  tool: Tool,
  url: string,
  folder: string,
): Promise<Run> {
  const run = await runProgram(consumer.program(tool.program), [url, folder, ...tool.flags]);
  return { ...run, failure: run.failure?.replaceAll(`${folder}/`, '') };
}

export function folderOf({ consumer }: Setting, name: string): string {
  return join(consumer.directory, 'folders', name);
}

/** Work with an empty database, which is gone afterwards. */
export async function inDatabase<T>(
  { databases }: Setting,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await databases.create();
  try {
    return await work(database);
  } finally {
    await database.drop();
  }
}

/** The run, or the same as a failure when the process has not done what it says. */
export function expecting(run: Run, isRight: boolean, complaint: string): Run {
  return run.failure !== undefined || isRight ? run : { ...run, failure: complaint };
}
