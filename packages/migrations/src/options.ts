import {
  type Clock,
  type Duration,
  type OptionReader,
  readOptions,
  systemClock,
  toMilliseconds,
} from '@ops/timeout/check';
import type { ConnectionSource } from './database/client.ts';
import type { MigrationEvent } from './events.ts';
import type { Source } from './sources/source.ts';

/** Options of {@link createMigrator}. */
export interface MigratorOptions {
  /**
   * A `postgres://` URL, a `pg.Pool`, or a function that resolves to a connected `pg.Client` (which
   * is ended after use). With a URL or pool a second connection is opened while a statement runs
   * long, for progress and for cancelling. `undefined` is for an unset environment variable and
   * fails at construction.
   */
  readonly connection: ConnectionSource | undefined;
  /**
   * Where migrations come from, in the order in which they are run; at least one. Directories are one
   * group in one order, at the place of the first of them.
   */
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

const CONNECTION = 'a postgres:// URL, a pg.Pool or a function that connects a pg.Client';
/** PostgreSQL keeps its timeouts in 32 bits, as timers do. */
const LONGEST_MS = 2_147_483_647;

/** @throws InvalidOptionsError naming every wrong option. A connection string is never shown. */
export function parseOptions(options: MigratorOptions): Settings {
  const read = readOptions('createMigrator', options);
  const [history, lock, timeouts, retry] = (['history', 'lock', 'timeouts', 'retry'] as const).map(
    (name) => read.group(name),
  ) as [OptionReader, OptionReader, OptionReader, OptionReader];
  const lockTimeoutMs = timerOf(read, timeouts, 'lock') ?? 2_000;
  const settings = {
    connection: readConnection(read, options),
    sources: readSourceList(read, options),
    schema: history.value<string>('schema', 'a schema name of 1 to 63 bytes', isSchema) ?? 'ops',
    lockWaitMs: lock.duration('wait') ?? 600_000,
    lockTimeoutMs: Math.max(1, Math.round(lockTimeoutMs)),
    connectTimeoutMs: timerOf(read, timeouts, 'connect') ?? 10_000,
    attempts: retry.count('attempts', 1) ?? 30,
    backoffMs: readBackoff(retry),
    onEvent: read.function<NonNullable<MigratorOptions['onEvent']>>('onEvent'),
    clock: read.clock('clock') ?? systemClock,
    random: read.function<() => number>('random') ?? Math.random,
  };
  read.done();
  return settings;
}

function readConnection(read: OptionReader, options: MigratorOptions): ConnectionSource {
  const connection = read.value<ConnectionSource>('connection', CONNECTION, isConnection);
  const what = `connection: expected ${CONNECTION}, got undefined (is the environment variable set?)`;
  read.fault(isUnset(options, 'connection'), what);
  return connection as ConnectionSource; // what is undefined here is told by `done`
}

function isUnset(options: MigratorOptions, name: keyof MigratorOptions): boolean {
  return Object(options) === options && options[name] === undefined;
}

function isConnection(value: unknown): boolean {
  if (typeof value === 'string') return /^postgres(?:ql)?:\/\//.test(value) && URL.canParse(value);
  return typeof value === 'function' || typeof Object(value).connect === 'function';
}

function readSourceList(read: OptionReader, options: MigratorOptions): readonly Source[] {
  const expected = 'an array with at least one directory(…) or pack(…)';
  const isRight = (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(isSource);
  const sources = read.value<readonly Source[]>('sources', expected, isRight);
  read.fault(isUnset(options, 'sources'), `sources: expected ${expected}, got undefined`);
  const names = (sources ?? []).flatMap((source) => (source.kind === 'pack' ? [source.name] : []));
  const twice = names.find((name, at) => names.indexOf(name) < at);
  read.fault(twice !== undefined, `sources: two packs have the name ${twice}`);
  return sources ?? [];
}

function isSource(value: unknown): boolean {
  const kind: unknown = Object(value).kind;
  return kind === 'directory' || kind === 'pack';
}

function isSchema(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value !== '' &&
    !value.includes('\0') &&
    Buffer.byteLength(value) <= 63
  );
}

function timerOf(read: OptionReader, timeouts: OptionReader, name: string): number | undefined {
  const ms = timeouts.duration(name, 1);
  read.fault(ms !== undefined && ms > LONGEST_MS, `timeouts.${name}: expected at most 24 days`);
  return ms;
}

function readBackoff(retry: OptionReader): readonly [first: number, longest: number] {
  type Backoff = NonNullable<RetryOptions['backoff']>;
  const backoff = retry.value<Backoff>('backoff', 'two durations, [first, longest]', isBackoff);
  return backoff ? [toMilliseconds(backoff[0]), toMilliseconds(backoff[1])] : [250, 30_000];
}

function isBackoff(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  try {
    return value.every((duration: Duration) => toMilliseconds(duration) >= 0);
  } catch {
    return false;
  }
}
