import pg from 'pg';

/**
 * Opens a pool and makes sure that somebody answers.
 *
 * @throws Error with one line that says which database and why, password hidden.
 */
export async function openPool(databaseUrl: string | undefined): Promise<pg.Pool> {
  const url = readUrl(databaseUrl);
  const pool = new pg.Pool({
    connectionString: url.href,
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
    throw new Error(`Cannot use the database ${withoutSecrets(url)}: ${reason(error)}`, {
      cause: error,
    });
  }
}

function readUrl(databaseUrl: string | undefined): URL {
  const isGiven = databaseUrl !== undefined && databaseUrl !== '';
  const url = isGiven ? URL.parse(databaseUrl) : null;
  if (url !== null && /^postgres(ql)?:$/.test(url.protocol) && !isCutShort(url)) return url;
  // What cannot be read cannot be shown either: nobody knows where in it the password is.
  const what = isGiven ? 'not a postgres:// URL' : 'not set';
  throw new Error(
    `DATABASE_URL is ${what}; expected postgres://user:password@host:5432/database, with special characters percent-encoded`,
  );
}

/** A password with an unencoded `/`, `?` or `#` ends the host before it: its rest is elsewhere. */
function isCutShort({ pathname, search, hash }: URL): boolean {
  return /[@#]/.test(pathname + search + hash);
}

/** Parameters may hold secrets; of them only the host is shown, which may be a socket's folder. */
function withoutSecrets(url: URL): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  const socket = url.searchParams.get('host');
  shown.search = socket === null ? '' : `host=${socket}`;
  return shown.href;
}

/** A refused connection comes as an AggregateError without a message: one error for each address. */
function reason(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}
