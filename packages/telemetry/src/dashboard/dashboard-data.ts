import type { Rollup } from '../rollups/rollup.ts';
import type { WidgetData, WidgetParams, Widgets } from './widget.ts';

/** One answer of a widget. `data` is shared by all readers: rows of rollups are frozen, and what a loader gave must not be changed. */
export interface WidgetAnswer<Data> {
  readonly data: Data;
  /** When it was read from the database, by the dashboard's clock. */
  readonly asOf: Date;
  /** True when it is older than `ttl`, or its rollup was refreshed since: a new one is on its way. */
  readonly isStale: boolean;
  /** What its latest load failed with, when it could not be renewed. For your log, not for readers. */
  readonly error?: unknown;
}

/** In the answer of {@link DashboardData.readAll} for a widget without data. */
export interface WidgetFailure {
  readonly data: undefined;
  /** Usually a `WidgetUnavailableError`. */
  readonly error: unknown;
}

/** One read. */
export interface DashboardReadOptions {
  /** Ends the wait of this reader, not the load, which others may wait for. */
  readonly signal?: AbortSignal | undefined;
}

/** What happened since the start. */
export interface DashboardStats {
  /** Reads that got an answer that was up to date. */
  readonly hits: number;
  /** Reads that got an earlier answer without waiting. */
  readonly staleHits: number;
  /** Reads that had to wait for a load. */
  readonly waits: number;
  readonly loads: number;
  readonly failedLoads: number;
  /** Answers held. */
  readonly entries: number;
}

type ArgumentsOf<W> =
  undefined extends WidgetParams<W>
    ? [params?: WidgetParams<W>, options?: DashboardReadOptions]
    : [params: WidgetParams<W>, options?: DashboardReadOptions];

/** For each widget that is asked for, its parameters. */
export type WidgetRequest<Ws> = { readonly [Name in keyof Ws]?: WidgetParams<Ws[Name]> };

/** Widgets with their answers cached in this process. Its methods can be taken off it. */
export interface DashboardData<Rollups extends readonly Rollup[], Ws extends Widgets<Rollups>>
  extends AsyncDisposable {
  /**
   * The answer of a widget. One that is up to date comes from memory. One that is not older than
   * `ttl + staleFor` comes from memory too, and is renewed meanwhile. Otherwise this waits for a load,
   * which all readers share. All loads over rollups of one turn of the event loop are one statement,
   * so a page may call this in each of its rows.
   *
   * @throws WidgetUnavailableError, `signal.reason`, InvalidOptionsError for parameters that are no
   * plain data or a name that is no widget, DashboardClosedError.
   */
  read<Name extends keyof Ws & string>(
    widget: Name,
    ...rest: ArgumentsOf<Ws[Name]>
  ): Promise<WidgetAnswer<WidgetData<Rollups, Ws[Name]>>>;
  /** Several widgets at once. One that fails says so in its place, and does not fail the others. */
  readAll<const Request extends WidgetRequest<Ws>>(
    request: Request,
    options?: DashboardReadOptions,
  ): Promise<{
    readonly [Name in keyof Request & keyof Ws]:
      | WidgetAnswer<WidgetData<Rollups, Ws[Name]>>
      | WidgetFailure;
  }>;
  /** Forgets all answers, or those of one widget, for the next read to wait for a new one. */
  forget(widget?: keyof Ws & string): void;
  stats(): DashboardStats;
  /** Ends the loads under way. Later reads reject. */
  close(): Promise<void>;
}
