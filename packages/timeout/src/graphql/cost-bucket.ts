import type { Clock } from '../clock.ts';

/** What Shopify tells of its leaky bucket, in points and points a second. */
export interface ThrottleStatus {
  readonly maximumAvailable: number;
  readonly currentlyAvailable: number;
  readonly restoreRate: number;
}

/** Points set aside for one request. */
interface Reservation {
  /** Wait this long before sending. 0 when the points are there, or nothing is known. */
  readonly waitMs: number;
  /** Call once, when the reply is there (with what it tells) or will not come. */
  end(status?: ThrottleStatus): void;
}

/** The server's bucket of points, as far as it is known here. */
export interface CostBucket {
  reserve(cost: number): Reservation;
  /**
   * How long until `cost` fits. `undefined` when that cannot be told: nothing is known, or the
   * restore rate is 0. Infinity when it never fits.
   */
  waitFor(cost: number): number | undefined;
}

/**
 * Keeps count of the points between replies: what the last one told, less what is under way, plus
 * what has been restored since. Several callers at once each reserve in turn, so the second waits
 * for the points that the first leaves, and they do not all set out at the same moment.
 */
export function createCostBucket(clock: Clock): CostBucket {
  let known: (ThrottleStatus & { readonly at: number }) | undefined;
  let underWay = 0;

  const waitFor = (cost: number): number | undefined => {
    if (known === undefined) return undefined;
    const { maximumAvailable, currentlyAvailable, restoreRate, at } = known;
    if (cost > maximumAvailable) return Number.POSITIVE_INFINITY;
    const restored = (restoreRate * (clock.monotonic() - at)) / 1_000;
    const available = Math.min(maximumAvailable, currentlyAvailable + restored) - underWay;
    if (cost <= available) return 0;
    return restoreRate > 0 ? ((cost - available) / restoreRate) * 1_000 : undefined;
  };

  return {
    waitFor,
    reserve(cost) {
      const waitMs = waitFor(cost) ?? 0;
      // What seems never to fit is sent all the same, and holds up nobody else: the cost is that of
      // the last time, the variables may differ, and the server is the one to say so.
      const isFitting = Number.isFinite(waitMs);
      const held = isFitting ? cost : 0;
      underWay += held;
      let isEnded = false;
      return {
        waitMs: isFitting ? waitMs : 0,
        end(status) {
          if (isEnded) return;
          isEnded = true;
          underWay -= held;
          if (status !== undefined) known = { ...status, at: clock.monotonic() };
        },
      };
    },
  };
}
