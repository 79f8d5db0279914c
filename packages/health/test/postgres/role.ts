import type pg from 'pg';
import type { TestDatabase } from '../../../../test/postgres.ts';

/** A role of a test. Drop it before the test ends: roles belong to the server, not to the database. */
export interface TestRole extends AsyncDisposable {
  readonly name: string;
  /** A pool that connects as the role. */
  pool(config?: pg.PoolConfig): pg.Pool;
}

/** A role that may do nothing but what anybody may, and look into the test's schema. */
export async function createRole(
  db: TestDatabase,
  admin: pg.Pool,
  options = '',
): Promise<TestRole> {
  const name = `role_${new URL(db.url).pathname.slice(1)}_${db.schema}`;
  await admin.query(`create role ${name} login password 'x' ${options}`);
  await admin.query(`grant usage on schema ${db.schema} to ${name}`);
  const url = new URL(db.url);
  url.username = name;
  url.password = 'x';
  return {
    name,
    pool: (config) => db.pool({ connectionString: url.href, ...config }),
    [Symbol.asyncDispose]: async () => {
      await admin.query(`drop owned by ${name}; drop role ${name}`);
    },
  };
}
