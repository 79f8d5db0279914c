/** Says how many rows the next batch may take. */
export interface BatchSize {
  readonly next: number;
  /** A batch was committed. `picked` of `limit` rows took `elapsedMs`. */
  succeeded(picked: number, limit: number, elapsedMs: number): void;
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
    succeeded(picked, limit, elapsedMs) {
      if (byFailure < Infinity) {
        byFailure = byFailure * 2 >= byTime ? Infinity : byFailure * 2;
      } else if (picked === limit && limit === byTime) {
        const factor = Math.min(GROWTH, Math.max(0.5, pace.targetMs / Math.max(elapsedMs, 0.001)));
        byTime = Math.min(pace.maxBatch, Math.max(floor, Math.round(byTime * factor)));
      }
    },
    failed(attempted) {
      byFailure = Math.max(1, Math.floor(attempted / 2));
    },
  };
}
