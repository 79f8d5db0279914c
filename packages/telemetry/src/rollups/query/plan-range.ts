import { ceilTo, floorTo, type Grain, isFiner } from '../grain.ts';

/** Part of a range, `[from, to)` in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Whole buckets of one stored grain. */
interface Segment extends Span {
  readonly grain: Grain;
}

/** How a range is read. */
export interface RangePlan {
  readonly segments: readonly Segment[];
  /** Parts of buckets, which only raw rows can tell. */
  readonly raw: readonly Span[];
}

/**
 * Covers a range with the coarsest buckets that fit, none coarser than `grain`, and finer ones at
 * the edges. In time order.
 *
 * @param stored from the finest to the coarsest.
 */
export function planRange(
  span: Span,
  grain: Grain | undefined,
  stored: readonly Grain[],
): RangePlan {
  const usable = stored.filter((one) => grain === undefined || !isFiner(grain, one));
  return cover(span, usable.toReversed());
}

function cover({ from, to }: Span, [grain, ...finer]: readonly Grain[]): RangePlan {
  if (from >= to) return { segments: [], raw: [] };
  if (grain === undefined) return { segments: [], raw: [{ from, to }] };
  const start = ceilTo(grain, from);
  const end = floorTo(grain, to);
  if (start >= end) return cover({ from, to }, finer);
  const before = cover({ from, to: start }, finer);
  const after = cover({ from: end, to }, finer);
  return {
    segments: [...before.segments, { grain, from: start, to: end }, ...after.segments],
    raw: [...before.raw, ...after.raw],
  };
}
