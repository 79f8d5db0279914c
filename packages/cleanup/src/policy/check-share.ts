import type { Leaf } from '../catalog/leaf.ts';
import type { Query } from '../database.ts';
import type { RowCount } from '../plan.ts';
import { countRows, sum } from './count.ts';
import { type Draft, refuse } from './draft.ts';

/** Compares what would go with what there is, which `rowsOf` says. `draft.candidates` is set. */
export async function checkShare(
  draft: Draft,
  query: Query,
  leaves: readonly Leaf[],
  maxShare: number,
  rowsOf: typeof countRows = countRows,
): Promise<void> {
  const { candidates } = draft;
  if (!candidates) return;
  const counts: RowCount[] = [];
  for (const leaf of leaves) {
    const rows = await rowsOf(query, leaf);
    if (!rows) {
      refuse(
        draft,
        'no-statistics',
        `${leaf.sql} is too large to count and was never analyzed, so the share of rows that would go is unknown; first: analyze ${leaf.sql}`,
      );
      return;
    }
    counts.push(rows);
  }
  draft.rows = sum(counts);
  draft.share =
    candidates.count === 0 ? 0 : Math.min(1, candidates.count / Math.max(1, draft.rows.count));
  if (draft.share > maxShare) {
    refuse(
      draft,
      'share',
      `${say(candidates)} of ${say(draft.rows)} rows (${percent(draft.share)}) would go, more than the ${percent(maxShare)} that safety.maxShare or the given plan allows; look at plan() and accept it: run({ plan })`,
    );
  }
}

function say({ count, isExact }: RowCount): string {
  return `${isExact ? '' : 'about '}${count.toLocaleString('en')}`;
}

function percent(share: number): string {
  return `${Number((Math.min(1, share) * 100).toPrecision(3))} %`;
}
