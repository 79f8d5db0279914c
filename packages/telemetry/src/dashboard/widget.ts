import type { Duration } from '@ops/timeout';
import type { NamedQuery, ReadOptions, RowOf } from '../rollups/metrics.ts';
import type { Rollup } from '../rollups/rollup.ts';

/** What a dashboard needs of `createMetrics`. */
export interface DashboardMetrics<Rollups extends readonly Rollup[]> {
  readonly rollups: Rollups;
  queryMany(
    queries: readonly NamedQuery<Rollups>[],
    options?: ReadOptions,
  ): Promise<readonly (readonly object[])[]>;
  watermark(names?: undefined, options?: ReadOptions): Promise<Readonly<Record<string, string>>>;
}

/** What a widget is given when it is loaded. */
export interface WidgetContext {
  /** By the clock of the dashboard. */
  readonly now: Date;
  /** Midnight in UTC, `days` before today: `ago(29)` begins a chart of 30 days that ends today. */
  ago(days: number): Date;
}

/** What a widget with a loader of its own is given. */
export interface LoadContext extends WidgetContext {
  /** Aborted when `loadTimeout` is up, or the dashboard is closed. */
  readonly signal: AbortSignal;
}

/**
 * A widget over a rollup: says what to read for some parameters. Called again for each load, so
 * ranges move with time. Loads of one moment become one statement, and reads that differ only in one
 * value of `where` one query.
 */
export type QueryWidget<Rollups extends readonly Rollup[]> = (
  params: never,
  context: WidgetContext,
) => NamedQuery<Rollups>;

/** A widget over something else: its answers are cached in the same way. */
export interface LoadWidget {
  /** Its answer is shared by all who read it, so it must not be changed by them. */
  readonly load: (params: never, context: LoadContext) => Promise<unknown>;
  /** Instead of the dashboard's. */
  readonly ttl?: Duration | undefined;
}

/** Widgets by name. */
export type Widgets<Rollups extends readonly Rollup[]> = Readonly<
  Record<string, QueryWidget<Rollups> | LoadWidget>
>;

type FunctionOf<W> = W extends { readonly load: infer Load } ? Load : W;

/** What a widget takes: plain values, since they are part of the key in the cache. */
export type WidgetParams<W> =
  FunctionOf<W> extends (params: infer P, ...rest: never) => unknown ? P : never;

/** What a widget answers. */
export type WidgetData<Rollups extends readonly Rollup[], W> = W extends {
  readonly load: (...parameters: never) => Promise<infer Data>;
}
  ? Data
  : W extends (...parameters: never) => infer Query
    ? readonly RowOf<Rollups, Query>[]
    : never;

const DAY_MS = 86_400_000;

/** The context of a load at `nowMs`. */
export function widgetContext(nowMs: number): WidgetContext {
  return {
    now: new Date(nowMs),
    ago: (days) => new Date(Math.floor(nowMs / DAY_MS) * DAY_MS - days * DAY_MS),
  };
}
