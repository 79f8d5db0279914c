import type { Clock } from '@ops/timeout';
import type { SqlClient, SqlPool } from '../../postgres/database.ts';
import { serverErrorState } from '../../postgres/server-error.ts';
import type { MetricsEvent } from '../events.ts';
import type { Rollup } from '../rollup.ts';
import { inTransaction } from '../session.ts';
import { checkStored, type Layout, readLayout } from '../store/layout.ts';
import { appendStep } from './append-step.ts';
import { dirtyStep } from './dirty-step.ts';
import type { RefreshStatus, RefreshStep, RollupRefresh } from './report.ts';

/** What the refresh of one rollup needs. */
export interface RefreshContext {
  readonly pool: SqlPool;
  readonly schema: string;
  readonly clock: Clock;
  readonly statementTimeoutMs: number;
  readonly batchRows: number;
  readonly batchBuckets: number;
  readonly signal: AbortSignal | undefined;
  /** By `clock.monotonic()`. */
  readonly endsAt: number;
  readonly emit: (event: MetricsEvent) => void;
}

/** SQLSTATE of a statement that took longer than its limit. */
const CANCELED = '57014';
/** A step that takes too long is tried again with a quarter of the work. */
const SHRINK = 4;

/** Takes steps until nothing is left, time is up, or one fails. Never throws. */
export async function refreshRollup(
  context: RefreshContext,
  rollup: Rollup,
): Promise<RollupRefresh> {
  const { clock, signal } = context;
  const startedAt = clock.monotonic();
  const sum = { rows: 0, buckets: 0, frozenBuckets: 0, transactions: 0 };
  const over = (status: RefreshStatus, error?: unknown): RollupRefresh => ({
    rollup: rollup.name,
    status,
    ...sum,
    durationMs: clock.monotonic() - startedAt,
    error,
  });
  let share = 1;
  const isAborted = (): boolean => signal?.aborted === true;
  for (;;) {
    if (isAborted()) return over('aborted');
    if (clock.monotonic() >= context.endsAt) return over('budget');
    const stepAt = clock.monotonic();
    let step: RefreshStep;
    try {
      step = await takeStep(context, rollup, share);
    } catch (error) {
      if (isAborted()) return over('aborted');
      const isSmallest = size(context.batchRows, share) === 1;
      if (serverErrorState(error) !== CANCELED || isSmallest) return over('failed', error);
      share *= SHRINK;
      continue;
    }
    if (step.status === 'busy') return over('busy');
    sum.rows += step.rows;
    sum.buckets += step.buckets;
    sum.frozenBuckets += step.frozenBuckets;
    sum.transactions += 1;
    context.emit(progressOf(rollup, step, clock.monotonic() - stepAt));
    if (step.status === 'done') return over('done');
  }
}

function progressOf(rollup: Rollup, step: RefreshStep, durationMs: number): MetricsEvent {
  const { status, rows, buckets, frozenBuckets } = step;
  const isMore = status === 'more';
  return {
    type: 'progress',
    rollup: rollup.name,
    rows,
    buckets,
    frozenBuckets,
    durationMs,
    isMore,
  };
}

function size(full: number, share: number): number {
  return Math.max(1, Math.floor(full / share));
}

/** The layout is read anew in each: the table may be altered between two. */
async function takeStep(
  context: RefreshContext,
  rollup: Rollup,
  share: number,
): Promise<RefreshStep> {
  const { pool, schema, statementTimeoutMs, signal } = context;
  const limits = {
    timeoutMs: 5 * statementTimeoutMs + 30_000,
    statementTimeoutMs,
    lockTimeoutMs: Math.min(statementTimeoutMs, 5_000),
    access: 'read write',
    signal,
  } as const;
  return inTransaction(pool, limits, async (client) => {
    const layout = await readLayout(client, rollup, schema);
    await checkStored(client, layout, schema);
    return stepOf(client, layout, context, share);
  });
}

function stepOf(
  client: SqlClient,
  layout: Layout,
  { batchRows, batchBuckets }: RefreshContext,
  share: number,
): Promise<RefreshStep> {
  const rows = size(batchRows, share);
  return layout.rollup.mode === 'append'
    ? appendStep(client, layout, rows)
    : dirtyStep(client, layout, rows, size(batchBuckets, share));
}
