import type { Duration } from '@ops/timeout';
import { durationMs, positiveInteger, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { CheckContext, ExternalCheckSpec } from '../check.ts';
import type { Finding } from '../finding.ts';
import type { Measurement } from '../measurement.ts';
import {
  bounded,
  type CatalogPolicy,
  catalogPolicy,
  catalogPolicyOf,
  parseCatalogOptions,
} from './catalog-check.ts';
import type { CheckConnection, ReadLimits } from './check-connection.ts';
import { toCheckFailure } from './postgres-error.ts';
import { needClientFactory, type PostgresPool } from './postgres-pool.ts';
import {
  type Relation,
  type RelationColumns,
  relationColumnsOf,
  relationOption,
} from './relation-plan.ts';
import { createRelationScan, type RelationScan } from './relation-scan.ts';
import { createRunnerLock, type RunnerLock } from './runner-lock.ts';
import { shareConnection } from './shared-connection.ts';

/** Options of {@link consistency}. */
export interface ConsistencyOptions extends CatalogPolicy {
  /** One or more, up to 100. Tables are found by the `search_path` of the pool's connections. */
  readonly relations: readonly Relation[];
  /**
   * Rows that one statement looks at. With more, the server may read the other table as a whole
   * where that is cheaper: for 2 million rows 100,000 at a time took a fifth of the time of 10,000.
   * After a statement that took too long the next ones have a quarter, but 100 at least.
   * @default 100_000
   */
  readonly chunk?: number | undefined;
  /**
   * Time that the server may spend in one run; the next goes on where it stopped. The statement
   * that is running then is still finished. At most a third of `timeout`.
   * @default '5s'
   */
  readonly budget?: Duration | undefined;
}

const budgetMs = durationMs({ isMinExcluded: true });

const schema = z.strictObject({
  relations: z.array(relationOption).min(1, 'expected a relation').max(100, 'expected at most 100'),
  chunk: positiveInteger.optional(),
  budget: budgetMs.optional(),
  ...catalogPolicy,
} satisfies Shape<ConsistencyOptions>);

export const DEFAULT_CHUNK = 100_000;
const EVERY_MS = 900_000;
const TIMEOUT_MS = 30_000;

/**
 * Rows that refer to a row that is not there, for references that no foreign key guards, or one
 * that was added not valid, or whose triggers were off. Null in any of the columns is no reference.
 *
 * It goes through each table in the order of its primary key, `chunk` rows a statement, and keeps
 * its place between runs; what changes behind that place is seen by the next pass. Each statement
 * takes the lock of a `select`, has a limit of a fifth of `timeout`, and can find references by an
 * index. A table without a primary key (or unique index without nulls), or a referred table without
 * an index on the columns, is not looked at, which fails with `bad_response`.
 *
 * Of several processes one does the work: the one whose session holds an advisory lock. The others
 * report what it has found, which they know by a second lock: `warn` with `threshold`, or a pass with
 * the message that another process looks. When it dies, or asks nothing for 3 × `every`, another
 * takes over at its next run. This does not work through a pooler in transaction mode.
 *
 * Codes: `threshold`; `insufficient_privilege` when a table may not be read, or row security would
 * hide rows; `timeout` when a table stays locked, or a statement of 100 rows takes too long. Findings
 * hold the keys of up to five rows. Runs every 15 minutes, with a `timeout` of 30 s, unless told
 * otherwise. @throws InvalidOptionsError naming every fault.
 */
export function consistency(pool: PostgresPool, options: ConsistencyOptions): ExternalCheckSpec {
  const of = 'postgres.consistency';
  const parsed = parseCatalogOptions(schema, options, of);
  const {
    relations,
    chunk = DEFAULT_CHUNK,
    budget = 5_000,
    timeout = TIMEOUT_MS,
    ...policy
  } = parsed;
  const connection = shareConnection(pool, needClientFactory(pool, of));
  const everyMs = policy.every ?? EVERY_MS;
  const columns = columnsOf(relations);
  const lock = createRunnerLock(JSON.stringify(relations), 3 * everyMs + timeout);
  const state: RunState = { scans: undefined, first: 0 };
  const makeScans = () => columns.map((one) => createRelationScan(one, chunk));
  return {
    kind: 'datastore',
    ...catalogPolicyOf({ ...policy, timeout }, everyMs),
    external: true,
    run: (context) =>
      run(connection, lock, state, { context, makeScans, budgetMs: Math.min(budget, timeout / 3) }),
    close: async () => {
      // The connection may stay open for others, and the lock with it.
      const isLeftOpen = state.scans !== undefined && connection.isShared();
      await Promise.all([isLeftOpen && letGo(connection, lock), connection.close()]);
    },
  };
}

export function columnsOf(relations: readonly Relation[]): readonly RelationColumns[] {
  return relations.flatMap((one) => relationColumnsOf(one) ?? []);
}

interface RunState {
  /** While this process is the one that works. */
  scans: readonly RelationScan[] | undefined;
  /** Where the next run begins, so that a large table does not keep the others from their turn. */
  first: number;
}

async function run(
  connection: CheckConnection,
  lock: RunnerLock,
  state: RunState,
  {
    context: { signal, timeoutMs },
    makeScans,
    budgetMs: budget,
  }: {
    readonly context: CheckContext;
    readonly makeScans: () => readonly RelationScan[];
    readonly budgetMs: number;
  },
): Promise<Measurement> {
  const limits = { signal, timeoutMs: timeoutMs / 4.5 };
  try {
    const { isRunner, hasFound, isOursElsewhere } = await lock.acquire(connection, limits);
    if (!isRunner) {
      state.scans = undefined;
      return reportOfOther(hasFound, isOursElsewhere);
    }
    const scans = (state.scans ??= makeScans());
    state.first = await scanInTurn(scans, state.first, connection, limits, budget);
    await lock.tell(connection, limits, scans.some(hasDangling));
    return reportOf(scans);
  } catch (error) {
    throw toCheckFailure(error);
  }
}

/** Each once, from the one whose turn it is, as far as the budget goes. Tells whose turn is next. */
export async function scanInTurn(
  scans: readonly RelationScan[],
  first: number,
  connection: CheckConnection,
  limits: ReadLimits,
  budget: number,
): Promise<number> {
  let leftMs = budget;
  for (let count = 0; count < scans.length; count += 1) {
    const at = (first + count) % scans.length;
    for (let isOver = false; !isOver; ) {
      if (leftMs <= 0) return at;
      const step = await (scans[at] as RelationScan).step(connection, limits);
      leftMs -= step.tookMs;
      ({ isOver } = step);
    }
  }
  return first;
}

function reportOfOther(hasFound: boolean, isOursElsewhere: boolean): Measurement {
  if (hasFound) {
    return { status: 'warn', message: 'another process looks, and has found dangling references' };
  }
  if (!isOursElsewhere) return { message: 'another process looks, and has found nothing so far' };
  const message =
    'a session that this process had before holds the lock: there is a pooler in transaction mode in between, or the server has not noticed that the session has gone';
  return { status: 'warn', code: 'error', message };
}

function hasDangling({ done, current }: RelationScan): boolean {
  return (done?.danglingCount ?? 0) + current.danglingCount > 0;
}

/** What is known of the whole: the pass under way may already have found more. */
function danglingOf({ done, current }: RelationScan): number {
  return Math.max(done?.danglingCount ?? 0, current.danglingCount);
}

export function reportOf(scans: readonly RelationScan[]): Measurement {
  const danglingCount = scans.reduce((sum, scan) => sum + danglingOf(scan), 0);
  const failed = scans.find(({ failure }) => failure !== undefined)?.failure;
  const isUnreadable = failed?.outcome === 'insufficient_privilege';
  const unfinished = scans.filter(({ done }) => done === undefined).length;
  const beginning = unfinished > 0 ? `; of ${unfinished} not all rows have been looked at yet` : '';
  const status = failed && !isUnreadable ? 'fail' : failed || danglingCount > 0 ? 'warn' : 'pass';
  return bounded({
    status,
    code: failed?.outcome ?? (status === 'pass' ? 'ok' : 'threshold'),
    value: danglingCount,
    unit: 'rows',
    message: `${danglingCount} dangling references in ${scans.length} relations${beginning}`,
    findings: scans.flatMap(findingsOf),
  });
}

function findingsOf(scan: RelationScan): readonly Finding[] {
  const { relation: of, done, current, failure, selectAll } = scan;
  const pass = danglingOf(scan) === done?.danglingCount ? done : current;
  const { rowCount, danglingCount, samples } = pass;
  const found: Finding = {
    name: 'dangling_reference',
    level: 'warn',
    object: of.label,
    detail: `${danglingCount} of ${rowCount} rows looked at refer to a row that is not there; the first have the key ${samples.join(' / ')}`,
    remediation: `${selectAll ?? ''} -- repair or delete these, then add a foreign key`,
  };
  const unlooked: Finding = {
    name: 'relation_not_looked_at',
    level: 'error',
    object: of.label,
    detail: failure?.message ?? '',
  };
  return [...(danglingCount > 0 ? [found] : []), ...(failure === undefined ? [] : [unlooked])];
}

/** A session that ends lets go as well. */
async function letGo(connection: CheckConnection, lock: RunnerLock): Promise<void> {
  const limits = { signal: new AbortController().signal, timeoutMs: 1_000 };
  await lock.release(connection, limits).catch(() => {});
}
