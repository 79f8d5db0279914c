import type { Clock } from '../clock.ts';
import { createCostBucket } from './cost-bucket.ts';
import { readCost } from './request-cost.ts';

/** The points of one call, over all of its attempts. */
export interface Spending {
  /** Wait this long before the first attempt, and hold the points meanwhile. */
  readonly waitMs: number;
  /** Points that the request is expected to cost; 0 while unknown. */
  readonly expectedCost: number;
  /** Takes in what a reply tells. */
  replied(extensions: unknown): void;
  /**
   * The server had too few points. Holds them for the next attempt and tells how long to wait for
   * them: `undefined` when it cannot be told, Infinity when they can never be there.
   */
  throttled(): number | undefined;
  /** No attempt follows. */
  end(): void;
}

/** What one client knows of the points of its shop. */
export interface Ledger {
  open(document: string): Spending;
}

/** Documents whose last cost is remembered; those not used for longest are forgotten first. */
const REMEMBERED_COUNT = 500;

/** Costs by Shopify's rules: the requested cost of a document must be there before it runs. */
export function createLedger(clock: Clock): Ledger {
  const bucket = createCostBucket(clock);
  const costs = new Map<string, number>();

  function remember(document: string, cost: number): void {
    costs.delete(document);
    costs.set(document, cost);
    const [oldest] = costs.keys();
    if (costs.size > REMEMBERED_COUNT && oldest !== undefined) costs.delete(oldest);
  }

  return {
    open(document) {
      let cost = costs.get(document) ?? 0;
      let reservation = bucket.reserve(cost);
      const expectedCost = cost;
      return {
        waitMs: reservation.waitMs,
        expectedCost,
        replied(extensions) {
          const { requestedCost, status } = readCost(extensions);
          cost = requestedCost ?? cost;
          if (cost > 0) remember(document, cost);
          reservation.end(status);
        },
        throttled() {
          reservation.end();
          const waitMs = bucket.waitFor(cost);
          if (waitMs !== Number.POSITIVE_INFINITY) reservation = bucket.reserve(cost);
          return waitMs;
        },
        end() {
          reservation.end();
        },
      };
    },
  };
}
