// What the servers have in common: the dependency, and the wire to the bench.
import type { Settings } from '../contestants.ts';

/** What the checks ask. */
export interface Dependency {
  ask(): Promise<void>;
  readonly settings: Settings;
}

/** Of the process and of its dependency, from its start. */
export interface Usage {
  /** User and system, microseconds. */
  readonly cpuUs: number;
  readonly callCount: number;
  /** Most calls that were under way at once. */
  readonly greatestConcurrency: number;
  /** Calls that are under way now. */
  readonly outstandingCount: number;
}

/** How the dependency behaves. */
export type Behaviour = 'instant' | 'slow' | 'hung';

const SLOW_MS = 2_000;

const behaviours: Readonly<Record<Behaviour, () => Promise<void>>> = {
  instant: async () => {},
  // Neither heeds a signal: the worst case.
  slow: () => new Promise((resolve) => setTimeout(resolve, SLOW_MS)),
  hung: () => new Promise(() => {}),
};

/** @param start starts the server on a free port of 127.0.0.1 and resolves to the port. */
export async function serve(start: (dependency: Dependency) => Promise<number>): Promise<void> {
  const [behaviour = '', settings = '{}'] = process.argv.slice(2);
  await serveAsking(behaviours[behaviour as Behaviour], settings, start);
}

/** As {@link serve}, with a dependency of one's own. */
export async function serveAsking(
  behave: () => Promise<unknown>,
  settings: string,
  start: (dependency: Dependency) => Promise<number>,
): Promise<void> {
  let callCount = 0;
  let greatestConcurrency = 0;
  let outstandingCount = 0;
  const ask = async (): Promise<void> => {
    callCount += 1;
    outstandingCount += 1;
    greatestConcurrency = Math.max(greatestConcurrency, outstandingCount);
    try {
      await behave();
    } finally {
      outstandingCount -= 1;
    }
  };
  const port = await start({ ask, settings: JSON.parse(settings) as Settings });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const cpuUs = user + system;
    process.send?.({ cpuUs, callCount, greatestConcurrency, outstandingCount } satisfies Usage);
  });
  process.once('disconnect', () => process.exit(0));
  process.send?.(port);
}
