import type { TestProject } from 'vitest/node';
import { startTemporaryPostgres } from './temporary-postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser connection string of the server that this run tests against. */
    postgresUrl: string;
  }
}

/** One server a run: the one in `TEST_DATABASE_URL`, otherwise a temporary PostgreSQL 18. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given !== undefined && given !== '') {
    project.provide('postgresUrl', given);
    return async () => {};
  }
  const server = await startTemporaryPostgres({
    // Nobody will miss this data after a power cut.
    settings: { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' },
  });
  project.provide('postgresUrl', server.url);
  return () => server.stop();
}
