import pg from 'pg';

/**
 * Opens a pool and makes sure that somebody answers.
 *
 * @throws Error with one line that says which database and why, password hidden.
 */
export async function openPool(databaseUrl: string | undefined): Promise<pg.Pool> {
  if (databaseUrl === undefined || !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    const what =
      databaseUrl === undefined || databaseUrl === '' ? 'not set' : 'not a postgres:// URL';
    throw new Error(
      `DATABASE_URL is ${what}; expected postgres://user:password@host:5432/database`,
    );
  }
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 10,
    connectionTimeoutMillis: 5_000,
    application_name: 'host-app',
  });
  // An idle connection that the server ends is replaced at the next query; without a listener it
  // would end the process.
  pool.on('error', () => {});
  try {
    await pool.query('select 1');
    return pool;
  } catch (error) {
    await pool.end();
    throw new Error(`Cannot use the database ${withoutPassword(databaseUrl)}: ${reason(error)}`, {
      cause: error,
    });
  }
}

function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  if (url.password !== '') url.password = '***';
  url.search = '';
  return url.href;
}

/** A refused connection comes as an AggregateError without a message: one error for each address. */
function reason(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}
