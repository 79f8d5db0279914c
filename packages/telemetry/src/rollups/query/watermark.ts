import type { SqlClient } from '../../postgres/database.ts';
import { quoteIdentifier } from '../../postgres/identifier.ts';
import { RollupMissingError } from '../errors.ts';
import type { Rollup } from '../rollup.ts';

/** One statement on a table of one row a rollup. @throws RollupMissingError */
export async function readWatermarks(
  client: SqlClient,
  rollups: readonly Rollup[],
  schema: string,
): Promise<Readonly<Record<string, string>>> {
  const { rows } = await client.query(
    `select rollup, definition || ':' || version as watermark
from ${quoteIdentifier(schema)}.rollup_state
where rollup = any($1::text[])`,
    [rollups.map(({ name }) => name)],
  );
  const found = new Map(
    (rows as readonly { readonly rollup: string; readonly watermark: string }[]).map(
      ({ rollup, watermark }) => [rollup, watermark],
    ),
  );
  return Object.fromEntries(
    rollups.map(({ name }) => {
      const watermark = found.get(name);
      if (watermark === undefined) throw new RollupMissingError(name, schema);
      return [name, watermark];
    }),
  );
}
