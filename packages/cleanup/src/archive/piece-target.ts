import { InvalidOptionsError } from '@ops/timeout';
import type { ActionContext, ArchiveTarget } from '../batch/action.ts';
import { inTransaction, type Query, type TransactionLimits } from '../database.ts';
import type { Refusal } from '../plan.ts';
import { archivedProblems, inspectArchived } from './archived-table.ts';
import { nextSeq } from './manifest.ts';
import { type ArchiveFormat, canWrite } from './piece.ts';
import { createPieceAction, type PieceSettings } from './piece-action.ts';
import type { PieceStore } from './sink.ts';

/** A server closes a session that is idle within a transaction for 15 s. */
export const TIMEOUT_MAX_MS = 12_000;

const LIMITS: TransactionLimits = {
  lockTimeoutMs: 2_000,
  statementTimeoutMs: 10_000,
  access: 'read only',
};

/** What differs between files and sinks. */
export interface PieceTargetSettings extends PieceSettings {
  readonly description: ArchiveTarget['description'];
  /** What keeps it from taking rows, in words. */
  readonly problems: () => Promise<readonly string[]>;
  /** Called when a run comes to a leaf; `query` only reads. */
  readonly openStore: (query: Query, context: ActionContext) => Promise<PieceStore>;
}

export function createPieceTarget(settings: PieceTargetSettings): ArchiveTarget {
  const { kind, format, timeoutMs, description } = settings;
  return {
    kind: 'archive-files',
    description,
    async check(query, context) {
      const problems = [
        ...(await settings.problems()),
        ...archivedProblems(await inspectArchived(query, context)),
        ...(await encodingProblems(query)),
      ];
      const refusals = problems.map((message): Refusal => ({ code: 'archive', message }));
      return { refusals, warnings: [] };
    },
    async preview(query, context) {
      const { tables } = await inspectArchived(query, context);
      const store = { place: '', store: planning, settle: planning, close: planning };
      return createPieceAction(context, tables, store, { kind, format, timeoutMs, firstSeq: 0 });
    },
    async open(context) {
      const { database, historySchema, runId = '' } = context;
      const { tables, firstSeq, store } = await inTransaction(database, LIMITS, async (query) => ({
        tables: (await inspectArchived(query, context)).tables,
        firstSeq: await nextSeq(query, historySchema, runId),
        store: await settings.openStore(query, context),
      }));
      return createPieceAction(context, tables, store, { kind, format, timeoutMs, firstSeq });
    },
  };
}

function planning(): Promise<never> {
  return Promise.reject(new TypeError('A plan stores nothing'));
}

/** Bytes of no known encoding would not survive the way through a text. */
async function encodingProblems(query: Query): Promise<readonly string[]> {
  const [row] = await query(`select current_setting('server_encoding') as encoding`);
  return row?.['encoding'] === 'SQL_ASCII'
    ? ['The database has no encoding (SQL_ASCII), so texts cannot be written exactly; use toTable']
    : [];
}

/** @throws InvalidOptionsError when this Node cannot write the format. */
export function checkFormat(format: ArchiveFormat, of: string): void {
  if (canWrite(format)) return;
  throw new InvalidOptionsError(
    `${of}: format: ${format} needs Node 22.15 or later, and this is ${process.version}`,
  );
}
