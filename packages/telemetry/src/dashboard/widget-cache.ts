import { LRUCache } from 'lru-cache';
import type { DashboardStats, WidgetAnswer } from './dashboard-data.ts';
import { WidgetUnavailableError } from './errors.ts';
import type { Failure, FailureBackOff } from './failure-back-off.ts';

/** What a load gave. */
export interface Loaded {
  readonly data: unknown;
  readonly asOf: Date;
  /** The rollup it was read from, and that one's watermark from before the read. */
  readonly rollup?: string | undefined;
  readonly watermark?: string | undefined;
}

/** One widget with its parameters. */
export interface Wanted {
  readonly key: string;
  readonly widget: string;
  readonly ttlMs: number;
  load(): Promise<Loaded>;
}

/** Answers in memory. */
export interface WidgetCache {
  read(wanted: Wanted): Promise<WidgetAnswer<unknown>>;
  /** Forgets those whose key begins so; what is being loaded answers those who wait for it, and is not kept. */
  forget(prefix: string): void;
  stats(): DashboardStats;
}

export interface WidgetCacheOptions {
  readonly maxEntries: number;
  readonly staleForMs: number;
  readonly monotonic: () => number;
  readonly backOff: FailureBackOff;
  /** The latest known watermark of a rollup. */
  readonly latest: (rollup: string) => string | undefined;
  readonly failed: (widget: string, failure: Failure, retryAfterMs: number) => void;
}

interface Entry extends Loaded {
  readonly loadedAtMs: number;
}

/**
 * lru-cache holds the answers and the load under way of each key, so that any number of readers
 * share one. What is up to date is decided here and not by its `ttl`, since a refreshed rollup ends
 * that as well, and since a load that fails must not be repeated by each reader.
 */
export function createWidgetCache(options: WidgetCacheOptions): WidgetCache {
  const { staleForMs, monotonic, backOff, latest } = options;
  const counts = { hits: 0, staleHits: 0, waits: 0, loads: 0, failedLoads: 0 };
  /** Loads under way, which lru-cache does not list among its keys. */
  const loading = new Set<Wanted>();
  const cache = new LRUCache<string, Entry, Wanted>({
    max: options.maxEntries,
    noDeleteOnFetchRejection: true,
    // A load whose place was taken meanwhile still answers those who wait for it.
    ignoreFetchAbort: true,
    fetchMethod: async (key, _stale, { context: wanted }) => {
      counts.loads += 1;
      loading.add(wanted);
      try {
        const loaded = await wanted.load();
        backOff.succeeded(key);
        return { ...loaded, loadedAtMs: monotonic() };
      } catch (error) {
        counts.failedLoads += 1;
        const failure = backOff.failed(key, error);
        options.failed(wanted.widget, failure, failure.retryAtMs - monotonic());
        throw error;
      } finally {
        loading.delete(wanted);
      }
    },
  });

  const isCurrent = ({ loadedAtMs, rollup, watermark }: Entry, ttlMs: number): boolean => {
    if (monotonic() - loadedAtMs >= ttlMs) return false;
    if (rollup === undefined || watermark === undefined) return true;
    const known = latest(rollup);
    return known === undefined || known === watermark;
  };

  const backingOff = (key: string): Failure | undefined => {
    const failure = backOff.get(key);
    return failure !== undefined && monotonic() < failure.retryAtMs ? failure : undefined;
  };

  const wait = async (wanted: Wanted): Promise<Entry> => {
    const { key } = wanted;
    const failure = backingOff(key);
    if (failure === undefined) {
      const loaded = await cache
        .fetch(key, { context: wanted, forceRefresh: true })
        .catch(() => {});
      if (loaded !== undefined) return loaded;
    }
    const { count = 1, retryAtMs = 0, error } = backOff.get(key) ?? {};
    throw new WidgetUnavailableError(
      wanted.widget,
      count,
      Math.max(0, retryAtMs - monotonic()),
      error,
    );
  };

  return {
    async read(wanted) {
      const { key, ttlMs } = wanted;
      const entry = cache.get(key);
      if (entry !== undefined && isCurrent(entry, ttlMs)) {
        counts.hits += 1;
        return answerOf(entry, false);
      }
      if (entry !== undefined && monotonic() - entry.loadedAtMs < ttlMs + staleForMs) {
        counts.staleHits += 1;
        const failure = backOff.get(key);
        if (backingOff(key) === undefined) {
          // Its failure is told by `failed` and by the next reader's answer.
          void cache.fetch(key, { context: wanted, forceRefresh: true }).catch(() => {});
        }
        return {
          ...answerOf(entry, true),
          ...(failure !== undefined && { error: failure.error }),
        };
      }
      counts.waits += 1;
      return answerOf(await wait(wanted), false);
    },
    forget(prefix) {
      const keys = [...cache.keys(), ...[...loading].map(({ key }) => key)];
      for (const key of keys) if (key.startsWith(prefix)) cache.delete(key);
    },
    stats: () => ({ ...counts, entries: cache.size }),
  };
}

/** The date is a copy: a reader that sets it must not change what the others are told. */
function answerOf({ data, asOf }: Entry, isStale: boolean): WidgetAnswer<unknown> {
  return { data, asOf: new Date(asOf), isStale };
}
