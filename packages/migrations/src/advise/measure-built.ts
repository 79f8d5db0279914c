import { quoteIdentifier } from '../sql/quote.ts';
import { type Adviser, eachQuery, measurementOf } from './adviser.ts';
import { inSavepoint, inTransaction, limitSql } from './attempt.ts';
import type { CatalogEntry } from './catalog.ts';
import { timeQuery } from './explain.ts';
import type { MeasuredIndex, Measurement } from './measurement.ts';

/**
 * Builds what is absent in one transaction, runs the queries in it, and rolls it back. Each build takes
 * a SHARE lock on its table, which stops writes and lets reads go on, until the rollback.
 */
export async function measureBuilt(adviser: Adviser): Promise<Measurement> {
  const { session, settings, limits, server, catalog } = adviser;
  const building = { statementMs: settings.buildMs, lockMs: limits.lockMs };
  const timing = { runs: settings.runs, limits, pageBytes: server.pageBytes };
  return inTransaction(session, 'read write', building, async () => {
    const indexes: MeasuredIndex[] = [];
    for (const entry of catalog.entries) indexes.push(await buildIndex(adviser, entry));
    await session.query(`set transaction read only; ${limitSql(limits)}`);
    const queries = await eachQuery(adviser, 'built', (query) =>
      timeQuery(session, query, {
        ...timing,
        inOwn: (work) => inSavepoint(session, work),
      }),
    );
    return measurementOf(adviser, 'executed', queries, indexes);
  });
}

async function buildIndex(
  { session, settings }: Adviser,
  { wanted, index }: CatalogEntry,
): Promise<MeasuredIndex> {
  if (index.state !== 'absent') return index;
  const begun = settings.clock.monotonic();
  const built = await inSavepoint(session, () => session.query(wanted.plainText), { keep: true });
  const buildMs = settings.clock.monotonic() - begun;
  if ('trouble' in built) return { ...index, state: 'failed', trouble: built.trouble };
  settings.emit({ type: 'index-built', index: index.name, durationMs: buildMs });
  const name = `${quoteIdentifier(index.schema)}.${quoteIdentifier(index.name)}`;
  const { rows } = await session.query<{ bytes: string; must_wait: boolean }>(
    `select pg_relation_size(indexrelid)::text as bytes, indcheckxmin as must_wait
    from pg_index
    where indexrelid = to_regclass($1)`,
    [name],
  );
  const figures = { bytes: Number(rows[0]?.bytes), buildMs };
  if (rows[0]?.must_wait !== true) return { ...index, ...figures, state: 'built' };
  const message =
    'rows of its table were updated while an older transaction could still see them, so PostgreSQL does not use it in the transaction that built it; try again when no transaction is open, or measure before and after up()';
  return { ...index, ...figures, state: 'failed', trouble: { message } };
}
