import { systemClock } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { SqlClient } from '../postgres/database.ts';
import { RefreshFailedError, RollupQueryError } from './errors.ts';
import type { MetricsEvent } from './events.ts';
import { readLag } from './lag.ts';
import type { Metrics, ReadOptions } from './metrics.ts';
import { type MetricsOptions, type ParsedMetricsOptions, parseMetricsOptions } from './options.ts';
import { parseQuery } from './query/parse-query.ts';
import { type AnswerRow, type ReadRow, readAnswers } from './query/read-answer.ts';
import { queryStatement } from './query/statement.ts';
import { readWatermarks } from './query/watermark.ts';
import { rebuild } from './rebuild.ts';
import { refreshRollup } from './refresh/refresh.ts';
import type { RefreshOptions, RefreshReport, RollupRefresh } from './refresh/report.ts';
import type { Rollup } from './rollup.ts';
import { inTransaction } from './session.ts';
import { ensureTables } from './store/ensure-tables.ts';
import { checkStored, type Layout, readLayout } from './store/layout.ts';

const refreshSchema = z.strictObject({
  rollups: z.array(z.string()).optional(),
  budget: durationMs().default(50_000),
  signal: z.instanceof(AbortSignal).optional(),
} satisfies Shape<RefreshOptions>);

const readSchema = z.strictObject({
  timeout: durationMs({ minMs: 1 }).optional(),
  signal: z.instanceof(AbortSignal).optional(),
} satisfies Shape<ReadOptions>);

/**
 * Keeps and reads rollups of one database. Connects when something is called, and holds no
 * connection and no timer between calls: `refresh` is for a cron job or a worker's loop.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function createMetrics<const Rollups extends readonly Rollup[]>(
  options: MetricsOptions<Rollups>,
): Metrics<Rollups> {
  const parsed = parseMetricsOptions(options);
  const { pool, schema, rollups } = parsed;
  const find = (name: string): Rollup => findRollup(rollups, name);
  const read = createReader(parsed);
  const queryMany = createQueryMany(parsed, find, read);
  const metrics: Metrics = {
    rollups,
    ensureTables: (ensureOptions) => ensureTables(pool, schema, rollups, ensureOptions),
    refresh: (refreshOptions) => refreshAll(parsed, refreshOptions),
    query: async (name, query, readOptions) =>
      (await queryMany([{ rollup: name, query }], readOptions))[0] as never,
    queryMany: async (queries, readOptions) => {
      const named = queries.map(({ rollup, ...query }) => ({ rollup, query }));
      return (await queryMany(named, readOptions)) as never;
    },
    watermark: async (names, readOptions) => {
      const wanted = (names ?? rollups.map(({ name }) => name)).map(find);
      return read(readOptions, (client) => readWatermarks(client, wanted, schema));
    },
    lag: (readOptions) =>
      read(readOptions, async (client, layoutOf) => {
        const lags = [];
        for (const rollup of rollups) {
          lags.push(await readLag(client, await layoutOf(rollup)));
        }
        return lags;
      }),
    rebuild: async (name, rebuildOptions) => {
      await rebuild(pool, schema, find(name), rebuildOptions);
    },
  };
  return metrics as unknown as Metrics<Rollups>;
}

function findRollup(rollups: readonly Rollup[], name: string): Rollup {
  const found = rollups.find((rollup) => rollup.name === name);
  if (found !== undefined) return found;
  const known = rollups.map((rollup) => rollup.name).join(', ');
  throw new RollupQueryError(name, 'rollup', `there is no such rollup, only ${known}`);
}

type Read = <T>(
  options: ReadOptions | undefined,
  work: (client: SqlClient, layoutOf: (rollup: Rollup) => Promise<Layout>) => Promise<T>,
) => Promise<T>;

type QueryMany = (
  queries: readonly { readonly rollup: string; readonly query: unknown }[],
  options: ReadOptions | undefined,
) => Promise<ReadRow[][]>;

function createQueryMany(
  { schema, clock = systemClock }: ParsedMetricsOptions,
  find: (name: string) => Rollup,
  read: Read,
): QueryMany {
  return async (queries, options) => {
    const now = clock.now();
    const all = queries.map(({ rollup, query }) => parseQuery(find(rollup), query, now));
    if (all.length === 0) return [];
    return read(options, async (client, layoutOf) => {
      const placed = [];
      for (const query of all) placed.push({ query, layout: await layoutOf(query.rollup) });
      const { text, values } = queryStatement(placed);
      const { rows } = await client.query(text, values);
      return readAnswers(all, rows as readonly AnswerRow[], schema);
    });
  };
}

/** Layouts are looked up once, and anew after a read that failed: a table may have been altered. */
function createReader({ pool, schema, queryTimeout }: ParsedMetricsOptions): Read {
  const layouts = new Map<string, Layout>();
  return async (options, work) => {
    const { timeout = queryTimeout, signal } = parseOptions(readSchema, options ?? {}, {
      of: 'metrics',
    });
    const limits = {
      timeoutMs: timeout,
      // The server gives up a little before, so that the connection stays usable.
      statementTimeoutMs: timeout * 0.9,
      lockTimeoutMs: timeout * 0.9,
      access: 'read only',
      signal,
    } as const;
    try {
      return await inTransaction(pool, limits, (client) =>
        work(client, async (rollup) => {
          const known = layouts.get(rollup.name);
          if (known !== undefined) return known;
          const layout = await readLayout(client, rollup, schema);
          await checkStored(client, layout, schema);
          layouts.set(rollup.name, layout);
          return layout;
        }),
      );
    } catch (error) {
      layouts.clear();
      throw error;
    }
  };
}

async function refreshAll(
  options: ParsedMetricsOptions,
  refreshOptions: RefreshOptions = {},
): Promise<RefreshReport> {
  const {
    budget,
    signal,
    rollups: names,
  } = parseOptions(refreshSchema, refreshOptions, {
    of: 'refresh',
  });
  const { clock = systemClock, rollups } = options;
  const wanted = names?.map((name) => findRollup(rollups, name)) ?? rollups;
  const startedAt = clock.monotonic();
  const emit = createEmit(options);
  const results: RollupRefresh[] = [];
  for (const rollup of wanted) {
    const context = {
      ...options,
      clock,
      statementTimeoutMs: options.statementTimeout,
      signal,
      endsAt: startedAt + budget,
      emit,
    };
    const result = await refreshRollup(context, rollup);
    results.push(result);
    emit({ type: 'refreshed', result });
  }
  const report = { rollups: results, durationMs: clock.monotonic() - startedAt };
  if (results.some(({ status }) => status === 'failed')) throw new RefreshFailedError(report);
  return report;
}

function createEmit({ onEvent, logger }: ParsedMetricsOptions): (event: MetricsEvent) => void {
  return (event) => {
    try {
      onEvent?.(event);
    } catch (error) {
      try {
        logger?.warn({ err: error, event: event.type }, 'onEvent of createMetrics threw');
      } catch {
        // A logger that throws does no harm.
      }
    }
  };
}
