import { CheckFailedError } from '../errors.ts';
import type { CheckConnection, ReadLimits } from './check-connection.ts';
import { isConnectionLoss, sqlStateOf, toCheckFailure } from './postgres-error.ts';
import { planRelation, type RelationColumns, type RelationPlan } from './relation-plan.ts';

/** What going through a relation from one end to the other came to, or has come to so far. */
interface Pass {
  readonly rowCount: number;
  readonly danglingCount: number;
  /** Keys of the first rows found, five at most. */
  readonly samples: readonly string[];
}

/** Goes through one relation in steps. */
export interface RelationScan {
  readonly relation: RelationColumns;
  /** The last complete one. */
  readonly done: Pass | undefined;
  /** The one under way. */
  readonly current: Pass;
  /** Why the last step did not come to anything. */
  readonly failure: CheckFailedError | undefined;
  /** Finds all dangling rows, for a person to run. */
  readonly selectAll: string | undefined;
  /** Looks at the next rows, and tells how that went. Rejects when the connection was lost. */
  step(connection: CheckConnection, limits: ReadLimits): Promise<Step>;
}

/** One step. */
interface Step {
  /** Whether the pass has ended, or cannot go on now. */
  readonly isOver: boolean;
  /** Time that the server spent. */
  readonly tookMs: number;
}

interface StepRow {
  readonly rowCount: number;
  readonly last: readonly string[] | null;
  readonly danglingCount: number;
  readonly samples: readonly string[];
  readonly tookMs: number;
}

const NOTHING: Pass = { rowCount: 0, danglingCount: 0, samples: [] };
const MOST_SAMPLES = 5;
/** A step that takes too long is tried with a quarter of the rows, and not with fewer than these. */
const FEWEST_ROWS = 100;

/** @param mostRows how many rows a step looks at. */
export function createRelationScan(relation: RelationColumns, mostRows: number): RelationScan {
  let done: Pass | undefined;
  let current = NOTHING;
  let failure: CheckFailedError | undefined;
  let after: readonly string[] | undefined;
  let stepRows = mostRows;
  let selectAll: string | undefined;

  function take({ rowCount, last, danglingCount, samples, tookMs }: StepRow): Step {
    current = {
      rowCount: current.rowCount + rowCount,
      danglingCount: current.danglingCount + danglingCount,
      samples: [...current.samples, ...samples].slice(0, MOST_SAMPLES),
    };
    after = last ?? undefined;
    const isOver = rowCount < stepRows;
    if (isOver) {
      done = current;
      restart();
    }
    return { isOver, tookMs };
  }

  function stumble(error: unknown): Step {
    if (sqlStateOf(error) === '57014' && stepRows > FEWEST_ROWS) {
      stepRows = Math.max(FEWEST_ROWS, Math.floor(stepRows / 4));
    }
    failure = toCheckFailure(error);
    // A table that was locked is gone on with; a key that has another type now is not a place in it.
    if (failure.outcome !== 'timeout') restart();
    return { isOver: true, tookMs: 0 };
  }

  function restart(): void {
    current = NOTHING;
    after = undefined;
  }

  return {
    relation,
    get done() {
      return done;
    },
    get current() {
      return current;
    },
    get failure() {
      return failure;
    },
    get selectAll() {
      return selectAll;
    },
    step: async (connection, limits) => {
      try {
        const row = await connection.read(limits, async (read) => {
          // Looked up each time: a migration may have changed the key since.
          const plan = await planRelation(read, relation);
          if ('fault' in plan) return plan;
          ({ selectAll } = plan);
          if (after !== undefined && after.length !== plan.keyCount) restart();
          const [found] = await read.rows<StepRow>(...nextOf(plan, after, stepRows));
          return found ?? { fault: 'the answer is not that of a PostgreSQL server' };
        });
        if ('fault' in row) {
          failure = new CheckFailedError('bad_response', row.fault);
          return { isOver: true, tookMs: 0 };
        }
        failure = undefined;
        return take(row);
      } catch (error) {
        if (limits.signal.aborted || isConnectionLoss(error)) throw error;
        return stumble(error);
      }
    },
  };
}

function nextOf(
  plan: RelationPlan,
  after: readonly string[] | undefined,
  rows: number,
): [string, readonly unknown[]] {
  return after === undefined ? [plan.selectFirst, [rows]] : [plan.selectNext, [rows, ...after]];
}
