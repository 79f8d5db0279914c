import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Database, inTransaction, type Query, type TransactionLimits } from '../database.ts';
import { CleanupTablesMissingError } from '../errors.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { Settings } from '../options.ts';
import { look } from './ensure-tables.ts';
import { giveBackLease, holdLease, takeLease } from './lease.ts';
import type { Ledger, LedgerRun, RunOpening } from './ledger.ts';
import { type Books, openPolicyBooks, twice } from './policy-books.ts';
import { pruneHistory } from './prune.ts';

/** Shorter than a lease lasts: who waits for the row may lose what it waits for. */
const LIMITS: TransactionLimits = {
  lockTimeoutMs: 2_000,
  statementTimeoutMs: 10_000,
  access: 'read write',
};

type LedgerSettings = Pick<Settings, 'name' | 'history' | 'logger'>;

/** Keeps the books in the tables of {@link cleanupTables}. */
export function createLedger(settings: LedgerSettings): Ledger {
  const { schema } = settings.history;
  return {
    acceptedShares: (query) => readAcceptedShares(query, schema),
    open: (opening) => openRun(settings, opening),
  };
}

async function readAcceptedShares(
  query: Query,
  schema: string,
): Promise<ReadonlyMap<string, number>> {
  const quoted = quoteIdentifier(schema);
  // Not to_regclass, which fails where the role may not look into the schema.
  const [readable] = await query(
    `select (
       has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
     )::text as is_readable
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = 'policy_runs'`,
    [schema],
  );
  if (readable?.['is_readable'] !== 'true') return new Map();
  const rows = await query(
    `select policy_hash as hash, max(accepted_share)::text as share
     from ${quoted}.policy_runs
     where accepted_share is not null
     group by policy_hash`,
  );
  return new Map(rows.map((row) => [row['hash'] ?? '', Number(row['share'])]));
}

async function openRun(
  settings: LedgerSettings,
  { database, now }: RunOpening,
): Promise<LedgerRun | 'busy'> {
  const { name, history } = settings;
  const { schema } = history;
  const runId = randomUUID();
  const owner = `${hostname().slice(0, 60)}/${process.pid}/${runId}`;
  const lease = await inTransaction(database, LIMITS, async (query) => {
    const { missing } = await look(query, schema);
    if (missing.length > 0) throw new CleanupTablesMissingError(schema, missing);
    const taken = await takeLease(query, schema, { name, owner, runId });
    if (taken) await beginRun(query, schema, { runId, name, fence: taken.fence, now });
    return taken;
  });
  if (!lease) return 'busy';
  const books: Books = { database, schema, lease, runId, limits: LIMITS };
  const alone = { ...database, signal: undefined };
  return {
    runId,
    heartbeat: () => inTransaction(alone, LIMITS, (query) => holdLease(query, schema, lease)),
    openPolicy: (opening) => openPolicyBooks(books, opening),
    async close({ ok }) {
      await twice(() =>
        inTransaction(alone, LIMITS, async (query) => {
          await query(
            `update ${quoteIdentifier(schema)}.runs
             set ended_at = clock_timestamp(), ok = $2
             where id = $1`,
            [runId, ok],
          );
          await giveBackLease(query, schema, lease);
        }),
      );
      await prune(settings, database);
    },
  };
}

/** Another run does what this one leaves. Ends after the statement in progress when it is aborted. */
async function prune({ history, logger }: LedgerSettings, database: Database): Promise<void> {
  const { schema, keepMs } = history;
  try {
    await pruneHistory({ database, limits: LIMITS, schema, keepMs });
  } catch (error) {
    logger.warn({ error }, 'The history could not be pruned; the next run tries again');
  }
}

/** Also ends, as not ok, what an earlier runner of the name left open: it has lost the lease. */
async function beginRun(
  query: Query,
  schema: string,
  run: {
    readonly runId: string;
    readonly name: string;
    readonly fence: string;
    readonly now: string;
  },
): Promise<void> {
  const quoted = quoteIdentifier(schema);
  await query(
    `update ${quoted}.runs
     set ended_at = clock_timestamp(), ok = false
     where name = $1 and ended_at is null`,
    [run.name],
  );
  await query(
    `insert into ${quoted}.runs (id, name, fence, started_at)
     values ($1, $2, $3::bigint, $4::timestamptz)`,
    [run.runId, run.name, run.fence, run.now],
  );
}
