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
import { widgetKey, widgetPrefix } from './widget-key.ts';

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
    const answer = parts.cache.read(wantedOf(widget, params, parts)).catch((error: unknown) => {
      closing.signal.throwIfAborted(); // which ended the load
      throw error;
    });
    return unlessAborted(answer, signal);
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
    forget: (widget) => parts.cache.forget(widget === undefined ? '' : widgetPrefix(widget)),
    stats: () => parts.cache.stats(),
    async close() {
      if (!closing.signal.aborted) closing.abort(new DashboardClosedError());
      parts.cache.forget('');
    },
    async [Symbol.asyncDispose]() {
      await data.close();
    },
  };
  return data as unknown as DashboardData<Rollups, Ws>;
}

/** Of the time of a load at most 1 / n goes to the watermark, which it can do without. */
const WATERMARK_SHARE = 4;

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
  const watermarkTimeoutMs = Math.max(1, settings.loadTimeoutMs / WATERMARK_SHARE);
  const tell = (event: DashboardEvent): void => tellSafely(settings, event);
  const watch = createWatermarkWatch({
    read: () =>
      withTimeout(
        ({ signal }) => metrics.watermark(undefined, { timeout: watermarkTimeoutMs, signal }),
        watermarkTimeoutMs,
        { clock, signal: closing },
      ),
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
    failed(widget, { error, count }, retryAfterMs) {
      if (closing.aborted) return; // not a fault of the load
      tell({ type: 'load-failed', widget, error, failureCount: count, retryAfterMs });
    },
  });
  return { settings, closing, cache, batch, watch };
}

/**
 * A load begins in the turn of the read, and takes a copy of the parameters: the caller may change its
 * own afterwards, and the query is only built at the end of the turn.
 */
function wantedOf(name: string, params: unknown, parts: Parts): Wanted {
  const { settings, batch, watch, closing } = parts;
  const widget = settings.widgets.get(name);
  if (widget === undefined) {
    const names = [...settings.widgets.keys()].join(', ');
    throw new InvalidOptionsError(`No widget ${name.slice(0, 100)}; there is ${names || 'none'}`);
  }
  const key = widgetKey(name, params);
  const { clock, loadTimeoutMs, ttlMs } = settings;
  /** Also where what is called does not heed its signal. */
  const limited = (load: (context: { readonly signal: AbortSignal }) => Promise<Loaded>) =>
    withTimeout(load, loadTimeoutMs, { clock, signal: closing });
  if ('query' in widget) {
    const build = widget.query as (given: unknown, context: WidgetContext) => BuiltQuery;
    return {
      key,
      widget: name,
      ttlMs,
      load() {
        const given = structuredClone(params);
        const buildGiven = (context: WidgetContext): BuiltQuery => build(given, context);
        return limited(() => loadQuery(name, buildGiven, { batch, watch, clock }));
      },
    };
  }
  const load = widget.load as (given: unknown, context: LoadContext) => Promise<unknown>;
  return {
    key,
    widget: name,
    ttlMs: widget.ttlMs ?? ttlMs,
    load() {
      const given = structuredClone(params);
      const asOf = new Date(clock.now());
      return limited(async ({ signal }) => {
        const data = await load(given, { ...widgetContext(asOf.getTime()), signal });
        return { data, asOf };
      });
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
  const data = frozen(await batch.load(widget, build));
  return { data, asOf, rollup, watermark };
}

/** All readers have the same rows: one that sorts or fills them in place must not change the others'. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (!ArrayBuffer.isView(value)) Object.freeze(value);
  for (const each of Object.values(value)) frozen(each);
  return value;
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
