/** What is known of the rollups' watermarks. */
export interface WatermarkWatch {
  /** The latest known one, without waiting; asks anew in the background when that is a second old. */
  latest(rollup: string): string | undefined;
  /** Waits for one that is at most a second old; undefined when it cannot be read. */
  read(rollup: string): Promise<string | undefined>;
}

export interface WatermarkWatchOptions {
  readonly read: () => Promise<Readonly<Record<string, string>>>;
  readonly monotonic: () => number;
  /** Once in a row of failures. */
  readonly failed: (error: unknown) => void;
}

/** One small statement a second at most, and only while somebody reads. */
const YOUNG_MS = 1_000;

/** No timer: the readers drive it. When it cannot be read, what was known stays. */
export function createWatermarkWatch(options: WatermarkWatchOptions): WatermarkWatch {
  const { monotonic } = options;
  let known: Readonly<Record<string, string>> = {};
  let askedMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;
  let isFailing = false;

  const ask = async (): Promise<void> => {
    askedMs = monotonic();
    try {
      known = await options.read();
      isFailing = false;
    } catch (error) {
      if (!isFailing) options.failed(error);
      isFailing = true;
    }
  };
  const refresh = (): Promise<void> | undefined => {
    if (asking === undefined && monotonic() - askedMs >= YOUNG_MS) {
      asking = ask().finally(() => {
        asking = undefined;
      });
    }
    return asking;
  };
  return {
    latest(rollup) {
      void refresh();
      return known[rollup];
    },
    async read(rollup) {
      await refresh();
      return isFailing ? undefined : known[rollup];
    },
  };
}
