import { InvalidOptionsError, withTimeout } from '@ops/timeout';
import type { MetricsQuery, NamedQuery } from '../rollups/metrics.ts';
import type { Rollup } from '../rollups/rollup.ts';
import type { DashboardData, DashboardReadOptions, WidgetAnswer } from './dashboard-data.ts';
import type { DashboardEvent } from './dashboard-event.ts';
import { DashboardClosedError } from './errors.ts';
import { createFailureBackOff } from './failure-back-off.ts';
import type { MergeableQuery } from './merge-queries.ts';
import { type DashboardOptions, type DashboardSettings, parseDashboardOptions } from './options.ts';
import { createQueryBatch, type QueryBatch } from './query-batch.ts';
import { createWatermarkWatch, type WatermarkWatch } from './watermark-watch.ts';
import { type LoadContext, type WidgetContext, type Widgets, widgetContext } from './widget.ts';
import { createWidgetCache, type Loaded, type Wanted, type WidgetCache } from './widget-cache.ts';
import { widgetKey } from './widget-key.ts';

/**
 * Data for the widgets of a dashboard, from rollups or loaders of your own, cached in this process:
 * one load for any number of readers, earlier answers while a new one is loaded, and a growing wait
 * after each load that fails. Keeps no connection and no timer between reads.
 *
 * @throws InvalidOptionsError naming every fault.
 */
export function createDashboardData<
  const Rollups extends readonly Rollup[],
  const Ws extends Widgets<Rollups>,
>(options: DashboardOptions<Rollups, Ws>): DashboardData<Rollups, Ws> {
  const settings = parseDashboardOptions(options);
  const closing = new AbortController();
  const parts = assembleParts(settings, closing.signal);

  const read = async (
    widget: string,
    params?: unknown,
    { signal }: DashboardReadOptions = {},
  ): Promise<WidgetAnswer<unknown>> => {
    closing.signal.throwIfAborted();
    signal?.throwIfAborted();
    return unlessAborted(parts.cache.read(wantedOf(widget, params, parts)), signal);
  };

  const data: DashboardData<readonly Rollup[], Widgets<readonly Rollup[]>> = {
    read: (widget, ...rest) => read(widget, ...(rest as [unknown?, DashboardReadOptions?])),
    async readAll(request, readOptions) {
      const answers = Object.entries(request).map(async ([widget, params]) => {
        const answer = await read(widget, params, readOptions).catch((error: unknown) => ({
          data: undefined,
          error,
        }));
        return [widget, answer] as const;
      });
      return Object.fromEntries(await Promise.all(answers)) as never;
    },
    forget: (widget) => parts.cache.forget(widget === undefined ? '' : `${widget} `),
    stats: () => parts.cache.stats(),
    async close() {
      if (!closing.signal.aborted) closing.abort(new DashboardClosedError());
    },
    async [Symbol.asyncDispose]() {
      await data.close();
    },
  };
  return data as unknown as DashboardData<Rollups, Ws>;
}

interface Parts {
  readonly settings: DashboardSettings;
  readonly closing: AbortSignal;
  readonly cache: WidgetCache;
  readonly batch: QueryBatch;
  readonly watch: WatermarkWatch;
}

function assembleParts(settings: DashboardSettings, closing: AbortSignal): Parts {
  const { metrics, clock, maxEntries, staleForMs } = settings;
  const monotonic = (): number => clock.monotonic();
  const limits = { timeout: settings.loadTimeoutMs, signal: closing };
  const tell = (event: DashboardEvent): void => tellSafely(settings, event);
  const watch = createWatermarkWatch({
    read: () => metrics.watermark(undefined, limits),
    monotonic,
    failed: (error) => tell({ type: 'watermark-failed', error }),
  });
  const batch = createQueryBatch({
    queryMany: (queries) =>
      metrics.queryMany(queries as readonly NamedQuery<readonly Rollup[]>[], limits) as Promise<
        readonly (readonly Readonly<Record<string, unknown>>[])[]
      >,
    now: () => clock.now(),
    monotonic,
    tell,
  });
  const cache = createWidgetCache({
    maxEntries,
    staleForMs,
    monotonic,
    backOff: createFailureBackOff(maxEntries, monotonic, settings.random),
    latest: (rollup) => watch.latest(rollup),
    failed: (widget, { error, count }, retryAfterMs) =>
      tell({ type: 'load-failed', widget, error, failureCount: count, retryAfterMs }),
  });
  return { settings, closing, cache, batch, watch };
}

function wantedOf(name: string, params: unknown, parts: Parts): Wanted {
  const { settings, batch, watch, closing } = parts;
  const widget = settings.widgets.get(name);
  if (widget === undefined) {
    const names = [...settings.widgets.keys()].join(', ');
    throw new InvalidOptionsError(`No widget ${name.slice(0, 100)}; there is ${names || 'none'}`);
  }
  const key = widgetKey(name, params);
  const { clock, loadTimeoutMs } = settings;
  if ('query' in widget) {
    const build = widget.query as (given: unknown, context: WidgetContext) => BuiltQuery;
    return {
      key,
      widget: name,
      ttlMs: settings.ttlMs,
      load: () => loadQuery(name, (context) => build(params, context), { batch, watch, clock }),
    };
  }
  const load = widget.load as (given: unknown, context: LoadContext) => Promise<unknown>;
  return {
    key,
    widget: name,
    ttlMs: widget.ttlMs ?? settings.ttlMs,
    async load() {
      const asOf = new Date(clock.now());
      const data = await withTimeout(
        ({ signal }) => load(params, { ...widgetContext(asOf.getTime()), signal }),
        loadTimeoutMs,
        { clock, signal: closing },
      );
      return { data, asOf };
    },
  };
}

type BuiltQuery = { readonly rollup: string } & MetricsQuery & MergeableQuery;

/**
 * The watermark is taken before the rows: a refresh between the two makes the answer look older than
 * it is, never newer.
 */
async function loadQuery(
  widget: string,
  build: (context: WidgetContext) => BuiltQuery,
  { batch, watch, clock }: Pick<Parts, 'batch' | 'watch'> & Pick<DashboardSettings, 'clock'>,
): Promise<Loaded> {
  const asOf = new Date(clock.now());
  const { rollup } = build(widgetContext(asOf.getTime()));
  const watermark = await watch.read(rollup);
  const data = await batch.load(widget, build);
  return { data, asOf, rollup, watermark };
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function tellSafely({ onEvent }: DashboardSettings, event: DashboardEvent): void {
  try {
    Promise.resolve(onEvent(event)).catch(() => {});
  } catch {
    // A listener cannot fail a load.
  }
}
