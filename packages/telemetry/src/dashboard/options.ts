import { type Clock, type Duration, systemClock } from '@ops/timeout';
import {
  callable,
  durationMs,
  parseOptions,
  positiveInteger,
  withMethods,
} from '@ops/timeout/options';
import * as z from 'zod';
import type { Rollup } from '../rollups/rollup.ts';
import type { DashboardEvent } from './dashboard-event.ts';
import type { DashboardMetrics, LoadWidget, QueryWidget, Widgets } from './widget.ts';

/** Options of `createDashboardData`. */
export interface DashboardOptions<Rollups extends readonly Rollup[], Ws extends Widgets<Rollups>> {
  /** From `createMetrics`. */
  readonly metrics: DashboardMetrics<Rollups>;
  readonly widgets: Ws;
  readonly cache?: DashboardCacheOptions | undefined;
  /** One load, connection included. @default '10s' */
  readonly loadTimeout?: Duration | undefined;
  /** What it throws or rejects with is ignored. */
  readonly onEvent?: ((event: DashboardEvent) => void | Promise<void>) | undefined;
  /** @default the real time */
  readonly clock?: Clock | undefined;
  /** In [0, 1), for the waits after failures. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** How long answers are kept. */
export interface DashboardCacheOptions {
  /** How long an answer counts as up to date, unless its rollup is refreshed before. @default '30s' */
  readonly ttl?: Duration | undefined;
  /**
   * How much longer it is given at once while a new one is loaded, or when none can be.
   * @default '10m'
   */
  readonly staleFor?: Duration | undefined;
  /** Answers held; the one that was read longest ago goes first. At most 1,000,000. @default 500 */
  readonly maxEntries?: number | undefined;
}

/** With defaults and in milliseconds. */
export interface DashboardSettings {
  readonly metrics: DashboardMetrics<readonly Rollup[]>;
  readonly widgets: ReadonlyMap<string, WidgetSettings>;
  readonly ttlMs: number;
  readonly staleForMs: number;
  readonly maxEntries: number;
  readonly loadTimeoutMs: number;
  readonly onEvent: (event: DashboardEvent) => void | Promise<void>;
  readonly clock: Clock;
  readonly random: () => number;
}

/** One widget. */
type WidgetSettings =
  | { readonly query: QueryWidget<readonly Rollup[]> }
  | { readonly load: LoadWidget['load']; readonly ttlMs: number | undefined };

/** The cache takes some memory for each at once. */
const MAX_ENTRIES = 1_000_000;

const loadWidget = z.strictObject({
  load: callable<LoadWidget['load']>(),
  ttl: durationMs({ minMs: 0 }).optional(),
});

const schema = z.strictObject({
  metrics: withMethods<DashboardMetrics<readonly Rollup[]>>('queryMany', 'watermark'),
  widgets: z.record(z.string().min(1).max(100), z.unknown()),
  cache: z
    .strictObject({
      ttl: durationMs({ minMs: 0 }).default(30_000),
      staleFor: durationMs({ minMs: 0 }).default(600_000),
      maxEntries: positiveInteger
        .refine((count) => count <= MAX_ENTRIES, `expected at most ${MAX_ENTRIES}`)
        .default(500),
    })
    .prefault({}),
  loadTimeout: durationMs({ minMs: 1 }).default(10_000),
  onEvent: callable<DashboardSettings['onEvent']>().optional(),
  clock: withMethods<Clock>('now', 'monotonic', 'setTimeout', 'clearTimeout').optional(),
  random: callable<() => number>().optional(),
});

/** @throws InvalidOptionsError */
export function parseDashboardOptions(options: unknown): DashboardSettings {
  const of = 'createDashboardData';
  const { metrics, widgets, cache, loadTimeout, onEvent, clock, random } = parseOptions(
    schema,
    options,
    { of },
  );
  return {
    metrics,
    widgets: new Map(
      Object.entries(widgets).map(([name, widget]) => [name, settingsOf(name, widget)]),
    ),
    ttlMs: cache.ttl,
    staleForMs: cache.staleFor,
    maxEntries: cache.maxEntries,
    loadTimeoutMs: loadTimeout,
    onEvent: onEvent ?? (() => {}),
    clock: clock ?? systemClock,
    random: random ?? Math.random,
  };
}

function settingsOf(name: string, widget: unknown): WidgetSettings {
  if (typeof widget === 'function') return { query: widget as QueryWidget<readonly Rollup[]> };
  const { load, ttl } = parseOptions(loadWidget, widget, {
    of: `createDashboardData: widgets.${name.slice(0, 40)} (a function that returns a query, or { load })`,
  });
  return { load, ttlMs: ttl };
}
