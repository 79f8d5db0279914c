import { type Clock, type Duration, systemClock } from '@ops/timeout';
import {
  callable,
  durationMs,
  parseOptions as parse,
  SAYS_ITSELF,
  withMethods,
} from '@ops/timeout/options';
import * as z from 'zod';
import type { ConnectionSource } from './database/client.ts';
import type { MigrationEvent } from './events.ts';
import type { Source } from './sources/directory.ts';

/** Options of {@link createMigrator}. */
export interface MigratorOptions {
  /**
   * A `postgres://` URL, a `pg.Pool`, or a function that resolves to a connected `pg.Client` (which
   * is ended after use). With a URL or pool a second connection is opened while a statement runs
   * long, for progress and for cancelling. `undefined` is for an unset environment variable and
   * fails at construction.
   */
  readonly connection: ConnectionSource | undefined;
  /** Where the files are; together they are put in one order. At least one. */
  readonly sources: readonly Source[];
  readonly history?: HistoryOptions | undefined;
  readonly lock?: LockOptions | undefined;
  readonly timeouts?: TimeoutOptions | undefined;
  readonly retry?: RetryOptions | undefined;
  /** Told what happens, as it happens. What it throws, or rejects with, is dropped. */
  readonly onEvent?: ((event: MigrationEvent) => void) | undefined;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
  /** A number from 0 up to 1, for the jitter of waits. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** Where it is recorded what has been applied. */
export interface HistoryOptions {
  /** Schema of the table `migrations`; created when missing. @default 'ops' */
  readonly schema?: string | undefined;
}

/** The lock that lets one process at a time migrate. */
export interface LockOptions {
  /** How long `up` waits for another process; 0 does not wait. @default '10m' */
  readonly wait?: Duration | undefined;
}

/** Limits on single operations. */
export interface TimeoutOptions {
  /** How long a statement may wait for a lock on a table, at least 1 ms. @default '2s' */
  readonly lock?: Duration | undefined;
  /** How long connecting may take, at least 1 ms. @default '10s' */
  readonly connect?: Duration | undefined;
}

/** What happens after a lock timeout (55P03) or deadlock (40P01). Nothing else is retried. */
export interface RetryOptions {
  /** Tries of one step, the first included; at least 1. @default 30 */
  readonly attempts?: number | undefined;
  /**
   * The ceiling of the first wait, doubled each time up to the second duration. The wait itself is
   * random between 0 and the ceiling. @default ['250ms', '30s']
   */
  readonly backoff?: readonly [first: Duration, longest: Duration] | undefined;
}

const connection = z.custom<ConnectionSource | undefined>(
  (value) =>
    typeof value === 'function' ||
    (typeof value === 'string' && /^postgres(?:ql)?:\/\//.test(value) && URL.canParse(value)) ||
    (typeof value === 'object' &&
      value !== null &&
      typeof Reflect.get(value, 'connect') === 'function'),
  {
    error: ({ input }) =>
      `expected a postgres:// URL, a pg.Pool or a function that connects a pg.Client, got ${describeConnection(input)}`,
    params: SAYS_ITSELF,
  },
);

const source = z.custom<Source>(
  (value) =>
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'directory',
  'expected the result of directory(…)',
);

type Group<Shape extends z.core.$ZodShape> = z.ZodOptional<
  z.ZodReadonly<z.ZodObject<Shape, z.core.$strict>>
>;
type Milliseconds = z.ZodType<number, Duration>;
type OnEvent = (event: MigrationEvent) => void;

/** Internal. Spelt out for the declarations; a type test holds it and the interface above equal. */
export const optionsSchema: z.ZodObject<
  {
    connection: z.ZodCustom<ConnectionSource | undefined, ConnectionSource | undefined>;
    sources: z.ZodReadonly<z.ZodArray<z.ZodCustom<Source, Source>>>;
    history: Group<{ schema: z.ZodOptional<z.ZodString> }>;
    lock: Group<{ wait: z.ZodOptional<Milliseconds> }>;
    timeouts: Group<{
      lock: z.ZodOptional<Milliseconds>;
      connect: z.ZodOptional<Milliseconds>;
    }>;
    retry: Group<{
      attempts: z.ZodOptional<z.ZodInt>;
      backoff: z.ZodOptional<z.ZodReadonly<z.ZodTuple<[Milliseconds, Milliseconds], null>>>;
    }>;
    onEvent: z.ZodOptional<z.ZodType<OnEvent, OnEvent>>;
    clock: z.ZodOptional<z.ZodType<Clock, Clock>>;
    random: z.ZodOptional<z.ZodType<() => number, () => number>>;
  },
  z.core.$strict
> = z.strictObject({
  connection,
  sources: z.array(source).min(1, 'expected at least one source').readonly(),
  history: z
    .strictObject({
      schema: z
        .string()
        .refine(
          (name) => name !== '' && !name.includes('\0') && Buffer.byteLength(name) <= 63,
          'expected a schema name of 1 to 63 bytes',
        )
        .optional(),
    })
    .readonly()
    .optional(),
  lock: z
    .strictObject({ wait: durationMs({ maxMs: Number.MAX_SAFE_INTEGER }).optional() })
    .readonly()
    .optional(),
  timeouts: z
    .strictObject({
      // PostgreSQL keeps its timeouts in 32 bits, as timers do.
      lock: durationMs({ minMs: 1 }).optional(),
      connect: durationMs({ minMs: 1 }).optional(),
    })
    .readonly()
    .optional(),
  retry: z
    .strictObject({
      attempts: z.int('expected a whole number').min(1, 'expected at least 1').optional(),
      backoff: z
        .tuple([durationMs(), durationMs()], 'expected [first, longest]')
        .readonly()
        .optional(),
    })
    .readonly()
    .optional(),
  onEvent: callable<OnEvent>().optional(),
  clock: withMethods<Clock>('now', 'monotonic', 'setTimeout', 'clearTimeout').optional(),
  random: callable<() => number>().optional(),
});

/** Options with defaults in place and durations in milliseconds. */
export interface Settings {
  readonly connection: ConnectionSource;
  readonly sources: readonly Source[];
  readonly schema: string;
  readonly lockWaitMs: number;
  readonly lockTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly attempts: number;
  readonly backoffMs: readonly [first: number, longest: number];
  readonly onEvent: ((event: MigrationEvent) => void) | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

/** @throws InvalidOptionsError naming every wrong option. A connection string is never shown. */
export function parseOptions(options: MigratorOptions): Settings {
  const { history, lock, timeouts, retry, ...rest } = parse(optionsSchema, options, {
    of: 'createMigrator',
    secretKeys: ['connection'],
  });
  return {
    connection: rest.connection as ConnectionSource,
    sources: rest.sources,
    schema: history?.schema ?? 'ops',
    lockWaitMs: lock?.wait ?? 600_000,
    lockTimeoutMs: Math.max(1, Math.round(timeouts?.lock ?? 2_000)),
    connectTimeoutMs: timeouts?.connect ?? 10_000,
    attempts: retry?.attempts ?? 30,
    backoffMs: retry?.backoff ?? [250, 30_000],
    onEvent: rest.onEvent,
    clock: rest.clock ?? systemClock,
    random: rest.random ?? Math.random,
  };
}

function describeConnection(value: unknown): string {
  if (value === undefined) return 'undefined (is the environment variable set?)';
  if (typeof value === 'string')
    return 'a string that is not such a URL (not shown, it may hold a password)';
  return typeof value === 'object' ? 'another object' : `a ${typeof value}`;
}
