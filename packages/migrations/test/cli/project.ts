import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect } from 'vitest';
import { type TestDatabase, useDatabase } from '../../../../test/postgres.ts';
import { type Folder, useFolder } from '../folder.ts';
import { inSchema } from '../replica.ts';
import { type Ended, jsonLines, type Running, runProcess, startProcess } from './process.ts';
import { type Printed, runInside } from './world.ts';

/** A folder with a sub-folder `migrations`, and a database with a schema for it. */
export interface Project {
  readonly db: TestDatabase;
  readonly folder: Folder;
  /** DATABASE_URL, in the test's schema. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes into `migrations`. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** In this process, with the folder and the schema said. */
  inside(...args: string[]): Promise<Printed>;
  /** As a process in the folder, with the schema said. */
  start(...args: string[]): Running;
  run(...args: string[]): Promise<Ended>;
  /** The first column of the first row. */
  value(sql: string): Promise<unknown>;
}

/** Call once at the top of a test file. */
export function useProject(): Project {
  const [db, folder] = [useDatabase(), useFolder()];
  beforeEach(async () => {
    await mkdir(join(folder.path, 'migrations'));
  });
  const env = (): Record<string, string> => ({ DATABASE_URL: inSchema(db.url, db.schema) });
  const place = (): { cwd: string; env: Record<string, string> } => ({
    cwd: folder.path,
    env: env(),
  });
  const schema = (): string[] => ['--schema', db.schema];
  return {
    db,
    folder,
    get env() {
      return env();
    },
    async write(files) {
      const entries = Object.entries(files);
      await folder.write(
        Object.fromEntries(entries.map(([name, text]) => [`migrations/${name}`, text])),
      );
    },
    inside: (...args) =>
      runInside([...args, '--dir', join(folder.path, 'migrations'), ...schema()], { env: env() }),
    start: (...args) => startProcess([...args, ...schema()], place()),
    run: (...args) => runProcess([...args, ...schema()], place()),
    async value(sql) {
      const { rows } = await db.pool().query<Record<string, unknown>>(sql);
      return Object.values(rows[0] ?? {})[0];
    },
  };
}

/** The last line of `--json`, which must say how the run ended, and be the only one of its kind. */
export function summaryOf({ stdout, stderr, exitCode }: Printed): Record<string, unknown> {
  expect(stderr).toBe('');
  const lines = jsonLines(stdout);
  expect(lines.filter(({ type }) => type === 'summary')).toHaveLength(1);
  const summary = lines.at(-1);
  expect(summary).toMatchObject({ type: 'summary', exitCode });
  return summary ?? {};
}
