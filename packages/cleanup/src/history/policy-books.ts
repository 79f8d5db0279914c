import { type Database, inTransaction, type Query, type TransactionLimits } from '../database.ts';
import { quoteIdentifier } from '../identifier.ts';
import type { PolicyReport } from '../report.ts';
import { holdTable, type Lease } from './lease.ts';
import type { BatchFacts, Cursor, LedgerPolicy, PolicyOpening } from './ledger.ts';

/** Where the books of one run are. */
export interface Books {
  readonly database: Database;
  readonly schema: string;
  readonly lease: Lease;
  readonly runId: string;
  readonly limits: TransactionLimits;
}

/** Opens the row of a policy, and finds where the last run of it left off. */
export async function openPolicyBooks(books: Books, opening: PolicyOpening): Promise<LedgerPolicy> {
  const { schema, lease, runId } = books;
  const table = `${quoteIdentifier(schema)}.policy_runs`;
  const cursor = await inTransaction(books.database, books.limits, async (query) => {
    const [row] = await query(
      `select cursor::text as cursor, coalesce(stopped = 'drained', false)::text as is_drained
       from ${table}
       where policy = $1 and policy_hash = $2 and run_id <> $3
       order by started_at desc
       limit 1`,
      [opening.policy, opening.hash, runId],
    );
    await query(
      `insert into ${table}
         (run_id, policy, policy_hash, table_name, cut_off, share, accepted_share, started_at)
       values ($1, $2, $3, $4, $5::timestamptz, $6, $7, clock_timestamp())`,
      [
        runId,
        opening.policy,
        opening.hash,
        opening.table,
        opening.cutOff === '' ? null : opening.cutOff,
        opening.share,
        opening.isShareAccepted ? opening.share : null,
      ],
    );
    return row?.['is_drained'] === 'true' ? undefined : cursorIn(row?.['cursor']);
  });
  return {
    cursor,
    fence: (query, oid) => holdTable(query, schema, lease, oid),
    record: (query, facts) => addBatch(query, table, { runId, policy: opening.policy, facts }),
    close: (report) => closePolicy(books, table, opening.policy, report),
  };
}

async function addBatch(
  query: Query,
  table: string,
  { runId, policy, facts }: { runId: string; policy: string; facts: BatchFacts },
): Promise<void> {
  await query(
    `update ${table} set
       cursor = $3::jsonb,
       picked = picked + $4,
       deleted = deleted + $5,
       purged = purged + $6,
       soft_deleted = soft_deleted + $7,
       archived = archived + $8,
       blocked = blocked + $9,
       batches = batches + 1
     where run_id = $1 and policy = $2`,
    [
      runId,
      policy,
      facts.cursor === undefined ? null : JSON.stringify(facts.cursor),
      facts.picked,
      facts.deleted,
      facts.step === 'purge' ? facts.deleted : 0,
      facts.softDeleted,
      facts.archived,
      facts.blocked,
    ],
  );
}

/** Not fenced: it says how this run ended, also when it lost the lease. */
async function closePolicy(
  { database, limits, runId }: Books,
  table: string,
  policy: string,
  report: PolicyReport,
): Promise<void> {
  await twice(() =>
    inTransaction({ ...database, signal: undefined }, limits, (query) =>
      query(
        `update ${table} set
           stopped = $3,
           report = $4::jsonb,
           blocked = $5,
           ended_at = clock_timestamp()
         where run_id = $1 and policy = $2`,
        [runId, policy, report.stopped, storedReport(report), report.blockedCount],
      ),
    ),
  );
}

/**
 * Tries a second time what failed, on a connection that is new when the first was lost. For what
 * closes the books: it may be done twice, and nobody comes back to do it later.
 */
export async function twice(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch {
    await work();
  }
}

/** What a server or a row's key says may hold a NUL, which jsonb refuses. */
function storedReport(report: PolicyReport): string {
  return JSON.stringify(report, (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('\0', '�').toWellFormed() : value,
  );
}

function cursorIn(text: string | null | undefined): Cursor | undefined {
  return typeof text === 'string' ? (JSON.parse(text) as Cursor) : undefined;
}
