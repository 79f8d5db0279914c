import { quoteIdentifier } from '../sql/quote.ts';
import { type Adviser, eachQuery, measurementOf } from './adviser.ts';
import { inSavepoint, inTransaction } from './attempt.ts';
import type { CatalogEntry } from './catalog.ts';
import { planQuery } from './explain.ts';
import type { MeasuredIndex, Measurement } from './measurement.ts';

/** What the planner expects without and with the new indexes. */
export interface HypotheticalPair {
  readonly before: Measurement;
  readonly after: Measurement;
}

/**
 * Plans the queries, tells hypopg about the absent indexes, and plans them again. Hypothetical indexes
 * are in the memory of this session alone, and are taken away at the end.
 *
 * @param schema of hypopg's functions.
 */
export async function measureHypothetical(
  adviser: Adviser,
  schema: string,
): Promise<HypotheticalPair> {
  const { session, limits, catalog } = adviser;
  const hypopg = quoteIdentifier(schema);
  const plan = (names: ReadonlyMap<string, string>, phase: 'now' | 'hypothetical') =>
    eachQuery(adviser, phase, (query) => planQuery(session, query, names));
  try {
    return await inTransaction(session, 'read only', limits, async () => {
      // Others in this session would be in the first plans; switched off, none would be in the second.
      await session.query(
        `select ${hypopg}.hypopg_reset(), set_config('hypopg.enabled', 'on', true)`,
      );
      const before = measurementOf(adviser, 'planned', await plan(new Map(), 'now'));
      const names = new Map<string, string>();
      const indexes: MeasuredIndex[] = [];
      for (const entry of catalog.entries) {
        indexes.push(await suppose(adviser, hypopg, entry, names));
      }
      const queries = await plan(names, 'hypothetical');
      return { before, after: measurementOf(adviser, 'planned', queries, indexes) };
    });
  } finally {
    // They outlive a rollback. Without an answer the connection is closed, which ends them as well.
    await session.settle(`select ${hypopg}.hypopg_reset()`).catch(() => {});
  }
}

interface Supposed {
  readonly name: string;
  readonly bytes: string;
}

async function suppose(
  { session }: Adviser,
  hypopg: string,
  { wanted, index }: CatalogEntry,
  names: Map<string, string>,
): Promise<MeasuredIndex> {
  if (index.state !== 'absent') return index;
  const made = await inSavepoint(session, () =>
    session.query<Supposed>(
      `select indexname as name, ${hypopg}.hypopg_relation_size(indexrelid)::text as bytes
      from ${hypopg}.hypopg_create_index($1)`,
      [wanted.plainText],
    ),
  );
  if ('trouble' in made) return { ...index, state: 'failed', trouble: made.trouble };
  const [row] = made.value.rows;
  if (row === undefined) {
    return { ...index, state: 'failed', trouble: { message: 'hypopg made nothing of it' } };
  }
  names.set(row.name, index.name);
  return { ...index, state: 'hypothetical', bytes: Number(row.bytes) };
}
