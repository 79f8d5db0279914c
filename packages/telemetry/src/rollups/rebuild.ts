import type { Duration } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { SqlClient, SqlPool } from '../postgres/database.ts';
import { quoteIdentifier } from '../postgres/identifier.ts';
import { RollupFrozenError } from './errors.ts';
import { bucketOf, endOf, GRAINS } from './grain.ts';
import { frozenBeforeSql } from './refresh/frozen.ts';
import { type BucketRange, recomputeBuckets } from './refresh/recompute-buckets.ts';
import { lockState, saveState } from './refresh/state.ts';
import type { Rollup } from './rollup.ts';
import { inTransaction } from './session.ts';
import { createTables } from './store/ensure-tables.ts';
import { checkStored, type Layout, readLayout, readStoredHash } from './store/layout.ts';
import { dropTriggers } from './store/triggers.ts';

/** Options of {@link Metrics.rebuild}. */
export interface RebuildOptions {
  /** With `to`: only the buckets that the range touches. */
  readonly from?: Date | undefined;
  /** Exclusive. */
  readonly to?: Date | undefined;
  /** Lose what frozen buckets hold, as far as raw rows are gone. @default false */
  readonly discardFrozen?: boolean | undefined;
  /** For all of it. A range is computed in one transaction. @default '5m' */
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

const optionsSchema = z
  .strictObject({
    from: z.date().optional(),
    to: z.date().optional(),
    discardFrozen: z.boolean().default(false),
    timeout: durationMs({ minMs: 1 }).default(300_000),
    signal: z.instanceof(AbortSignal).optional(),
  } satisfies Shape<RebuildOptions>)
  .refine(
    ({ from, to }) => (from === undefined) === (to === undefined),
    'expected both of from and to, or neither',
  )
  .refine(({ from, to }) => !from || !to || from < to, 'expected from to be before to');

type ParsedRebuild = z.output<typeof optionsSchema>;

/** @see Metrics.rebuild */
export async function rebuild(
  pool: SqlPool,
  schema: string,
  rollup: Rollup,
  options: RebuildOptions = {},
): Promise<void> {
  const parsed = parseOptions(optionsSchema, options, { of: 'rebuild' });
  const { timeout, signal } = parsed;
  const limits = {
    timeoutMs: timeout,
    statementTimeoutMs: timeout * 0.9,
    lockTimeoutMs: timeout * 0.9,
    access: 'read write',
    signal,
  } as const;
  await inTransaction(pool, limits, async (client) => {
    const layout = await readLayout(client, rollup, schema);
    if (parsed.from === undefined || parsed.to === undefined) {
      await rebuildAll(client, schema, layout, parsed);
    } else {
      await checkStored(client, layout, schema);
      await rebuildRange(client, layout, { from: parsed.from, to: parsed.to }, parsed);
    }
  });
}

async function rebuildAll(
  client: SqlClient,
  schema: string,
  layout: Layout,
  { discardFrozen }: ParsedRebuild,
): Promise<void> {
  const { rollup, state, marks } = layout;
  if ((await readStoredHash(client, rollup, state)) !== undefined) {
    // Waits for a refresh under way; the next one finds the row gone, or anew.
    await client.query(`select from ${state} where rollup = $1 for update`, [rollup.name]);
    if (!discardFrozen) await refuseFrozen(client, schema, layout);
    await client.query(`delete from ${state} where rollup = $1`, [rollup.name]);
    await client.query(`delete from ${marks} where rollup = $1`, [rollup.name]);
    const quoted = quoteIdentifier(schema);
    const drops = GRAINS.map((grain) => `drop table if exists ${layout.table(grain)};`);
    await client.query(
      [...drops, dropTriggers(rollup.name)].join('\n').replaceAll('{{schema}}', () => quoted),
    );
  }
  await createTables(client, schema, rollup);
}

/** Of the grains that are stored, which may be others than are defined now. */
async function refuseFrozen(client: SqlClient, schema: string, layout: Layout): Promise<void> {
  const { rollup } = layout;
  if (rollup.rawRetentionMs === null) return;
  for (const grain of GRAINS) {
    const name = `${quoteIdentifier(schema)}.${quoteIdentifier(`${rollup.name}_${grain}`)}`;
    const { rows } = await client.query('select to_regclass($1) is not null as is_there', [name]);
    if (!(rows[0] as { readonly is_there: boolean }).is_there) continue;
    const { rows: frozen } = await client.query(
      `select ${frozenBeforeSql('$1')} as "frozenBefore"
where exists (select from ${layout.table(grain)} where bucket < ${frozenBeforeSql('$1')})`,
      [rollup.rawRetentionMs],
    );
    const [found] = frozen as { readonly frozenBefore: Date }[];
    if (found) throw new RollupFrozenError(rollup.name, new Date(found.frozenBefore));
  }
}

async function rebuildRange(
  client: SqlClient,
  layout: Layout,
  range: { readonly from: Date; readonly to: Date },
  { discardFrozen }: ParsedRebuild,
): Promise<void> {
  const { rollup, marks, state } = layout;
  const whole = await wholeRange(client, rollup, range);
  if (whole.frozenBefore !== null && !discardFrozen) {
    throw new RollupFrozenError(rollup.name, new Date(whole.frozenBefore));
  }
  await client.query(`select from ${state} where rollup = $1 for no key update`, [rollup.name]);
  const current = await lockState(client, layout);
  if (current === null) return;
  if (rollup.mode === 'dirty-buckets') {
    await client.query(
      `insert into ${marks} (rollup, bucket)
select $1, b
from generate_series($2::timestamptz, $3::timestamptz - interval '1 microsecond', $4::interval) b`,
      [rollup.name, whole.start, whole.end, `1 ${rollup.grains[0]}`],
    );
    return;
  }
  const xid = `r.${quoteIdentifier(rollup.xid)}`;
  const time = `r.${quoteIdentifier(rollup.time)}`;
  // Rows that are not in yet are left to the next refresh, which would add them twice otherwise.
  const written = await recomputeBuckets(
    client,
    layout,
    [whole],
    [
      (parameters) =>
        `(${xid} < ${parameters.add(current.watermark, 'xid8')} or ${xid} < ${parameters.add(current.windowEnd, 'xid8')} and ${time} < ${parameters.add(current.builtTo, 'timestamptz')})`,
    ],
  );
  await saveState(client, layout, {
    ...current,
    isChanged: written.buckets > 0,
    horizonAt: null,
  });
}

/** Outwards to buckets of the finest grain; `frozenBefore` when some of them are frozen. */
async function wholeRange(
  client: SqlClient,
  { grains, rawRetentionMs }: Rollup,
  { from, to }: { readonly from: Date; readonly to: Date },
): Promise<BucketRange & { readonly frozenBefore: string | null }> {
  const [finest = 'hour'] = grains;
  const last = `$2::timestamptz - interval '1 microsecond'`;
  const { rows } = await client.query(
    `select
  s.start::text,
  (${endOf(finest, bucketOf(finest, last))})::text as end,
  case when s.start < f.before then f.before end::text as "frozenBefore"
from (select ${bucketOf(finest, '$1::timestamptz')} as start) s,
  (select ${frozenBeforeSql('$3')} as before) f`,
    [from.toISOString(), to.toISOString(), rawRetentionMs],
  );
  return rows[0] as BucketRange & { readonly frozenBefore: string | null };
}
