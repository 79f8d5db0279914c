/** Says how many rows the next batch may take. */
export interface BatchSize {
  readonly next: number;
  /**
   * A batch was committed. `picked` of `limit` rows took `elapsedMs`, of which `workMs` were spent on
   * the rows, and the rest on what every batch costs however small it is.
   */
  succeeded(picked: number, limit: number, elapsedMs: number, workMs: number): void;
  /** A batch of `attempted` rows was rolled back. */
  failed(attempted: number): void;
}

const FIRST = 500;
/**
 * The time target alone goes no lower: below, the fixed cost of a batch outweighs its rows, and a
 * batch that is slow for a reason of its own would shrink to one row. Failures do go lower.
 */
const FLOOR = 100;
const GROWTH = 1.5;

/**
 * Two limits, of which the lower counts. One follows the time that full batches take, by at most
 * half as much again or down to half at a step. The other is there after a failure only: halved by
 * each, doubled by each success until it no longer matters. So a row that cannot be deleted is
 * found in about log2 of a batch, and the batches behind it are soon large again.
 *
 * Half of the target is the rows' own, however long the rest takes: fewer rows would not make it
 * shorter, and a server that is slow to answer would be asked the more often.
 */
export function createBatchSize(pace: {
  readonly targetMs: number;
  readonly maxBatch: number;
}): BatchSize {
  const floor = Math.min(FLOOR, pace.maxBatch);
  let byTime = Math.min(FIRST, pace.maxBatch);
  let byFailure = Infinity;
  return {
    get next() {
      return Math.min(byTime, byFailure);
    },
    succeeded(picked, limit, elapsedMs, workMs) {
      if (byFailure < Infinity) {
        byFailure = byFailure * 2 >= byTime ? Infinity : byFailure * 2;
      } else if (picked === limit && limit === byTime) {
        const allowedMs = Math.max(pace.targetMs / 2, pace.targetMs - (elapsedMs - workMs));
        const factor = Math.min(GROWTH, Math.max(0.5, allowedMs / Math.max(workMs, 0.001)));
        byTime = Math.min(pace.maxBatch, Math.max(floor, Math.round(byTime * factor)));
      }
    },
    failed(attempted) {
      byFailure = Math.max(1, Math.floor(attempted / 2));
    },
  };
}
