import { type Clock, type Duration, InvalidOptionsError, systemClock } from '@ops/timeout';
import { readOptions } from '@ops/timeout/check';
import type { ConnectionSource } from '../database/client.ts';
import { safely } from '../emit.ts';
import { isPackSchema, PACK_SCHEMA } from '../sources/pack-faults.ts';
import { inSchema } from '../sources/parse-migration.ts';
import type { AdviceQuery, AdvisablePack } from './advisable.ts';
import type { AdviceEvent } from './events.ts';
import { readPackIndexes, readWantedIndex, type WantedIndex } from './wanted-index.ts';

/** Options of {@link measure}, and of {@link advise}. */
export interface MeasureOptions {
  /**
   * `create index` statements, each with a name for its index, concurrent or not; or a pack, whose
   * other statements are passed over.
   */
  readonly indexes: readonly string[] | AdvisablePack;
  /** What to judge them by. @default those that the pack brings; required where it brings none */
  readonly queries?: readonly AdviceQuery[] | undefined;
  /** Stands, quoted, for `{{schema}}` in index statements and queries. @default the pack's own, if any */
  readonly schema?: string | undefined;
  /** Counted executions of a query, 1 to 1,000, after one that is not counted. @default 5 */
  readonly runs?: number | undefined;
  /** For each execution of a query and each look at the catalog; at least 1 ms. @default '30s' */
  readonly statementTimeout?: Duration | undefined;
  /** How long any statement waits for a lock on a table; at least 1 ms. @default '2s' */
  readonly lockTimeout?: Duration | undefined;
  /** @default '10s' */
  readonly connectTimeout?: Duration | undefined;
  /** Cancels what runs, rolls back, and rejects with the identical `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** What it throws, or rejects with, is dropped. */
  readonly onEvent?: ((event: AdviceEvent) => void) | undefined;
  /** Default: the real time. */
  readonly clock?: Clock | undefined;
}

/** Options of {@link advise}. */
export interface AdviseOptions extends MeasureOptions {
  /** See {@link advise}. @default 'auto' */
  readonly method?: 'auto' | 'hypothetical' | 'build' | undefined;
  /** For the build of each index with the method `build`, at least 1 ms. @default '5m' */
  readonly buildTimeout?: Duration | undefined;
}

/** Options with defaults in place and durations in whole milliseconds. */
export interface AdviceSettings {
  readonly wanted: readonly WantedIndex[];
  readonly queries: readonly AdviceQuery[];
  readonly runs: number;
  readonly method: 'auto' | 'hypothetical' | 'build';
  readonly statementMs: number;
  readonly lockMs: number;
  readonly buildMs: number;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  emit(event: AdviceEvent): void;
}

/** @throws InvalidOptionsError naming every fault; SourceError for a pack whose files are broken. */
export async function readSettings(
  owner: 'advise' | 'measure',
  options: AdviseOptions,
): Promise<AdviceSettings> {
  const reader = readOptions(owner, options);
  const indexes = reader.value<MeasureOptions['indexes']>(
    'indexes',
    'create index statements or a pack',
    (value) => isStatements(value) || (typeof value === 'object' && value !== null),
  );
  reader.fault(indexes === undefined, 'indexes: required');
  const queries = reader.value<readonly AdviceQuery[]>('queries', QUERIES, isQueries);
  const schema = reader.value<string>('schema', PACK_SCHEMA, isPackSchema);
  const signal = reader.object<AbortSignal>('signal', ['addEventListener', 'throwIfAborted']);
  const onEvent = reader.function<(event: AdviceEvent) => void>('onEvent');
  const ms = (name: string, fallback: number): number =>
    Math.round(reader.duration(name, 1) ?? fallback);
  const settings = {
    runs: reader.count('runs', 1, 1_000) ?? 5,
    statementMs: ms('statementTimeout', 30_000),
    lockMs: ms('lockTimeout', 2_000),
    connectTimeoutMs: ms('connectTimeout', 10_000),
    method: 'auto' as const,
    buildMs: 0,
    signal,
    clock: reader.clock('clock') ?? systemClock,
    emit: safely(onEvent),
  };
  const building =
    owner === 'measure'
      ? {}
      : {
          method: reader.choice('method', ['auto', 'hypothetical', 'build']) ?? 'auto',
          buildMs: ms('buildTimeout', 300_000),
        };
  reader.done();
  const chosen = await chooseIndexes(owner, indexes ?? [], { queries, schema });
  return { ...settings, ...building, ...chosen };
}

const QUERIES = 'at least one { name, text, values?, valuesFrom? }, each with a name of its own';

function isStatements(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isQueries(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  const queries = value as readonly Partial<AdviceQuery>[];
  const names = new Set(queries.map((query) => query?.name));
  return (
    names.size === queries.length &&
    queries.every(
      (query) =>
        typeof query?.name === 'string' &&
        typeof query.text === 'string' &&
        (query.values === undefined || Array.isArray(query.values)) &&
        (query.valuesFrom === undefined || typeof query.valuesFrom === 'string'),
    )
  );
}

async function chooseIndexes(
  owner: string,
  indexes: readonly string[] | AdvisablePack,
  given: {
    readonly queries: readonly AdviceQuery[] | undefined;
    readonly schema: string | undefined;
  },
): Promise<Pick<AdviceSettings, 'wanted' | 'queries'>> {
  const refuse = (message: string): never => {
    throw new InvalidOptionsError(`${owner}: ${message}`);
  };
  if (isStatements(indexes)) {
    const read = indexes.map((text) => readWantedIndex(text, given.schema));
    const faults = read.flatMap((each, at) =>
      typeof each === 'string' ? [`indexes[${at}]: ${each}`] : [],
    );
    if (read.length === 0) faults.push('indexes: expected at least one');
    if (given.queries === undefined) faults.push(`queries: expected ${QUERIES}`);
    if (faults.length > 0) refuse(faults.join('; '));
    const wanted = read.filter((each) => typeof each !== 'string');
    return { wanted, queries: inSchemaAll(given.queries ?? [], given.schema) };
  }
  const wanted = await readPackIndexes(indexes, given.schema);
  const queries = given.queries ?? indexes.queries;
  if (wanted.length === 0) refuse('indexes: this pack creates none');
  if (queries === undefined) return refuse(`queries: this pack brings none; expected ${QUERIES}`);
  return { wanted, queries: inSchemaAll(queries, given.schema ?? indexes.schema ?? 'public') };
}

function inSchemaAll(queries: readonly AdviceQuery[], schema: string | undefined): AdviceQuery[] {
  return queries.map((query) => ({
    ...query,
    text: inSchema(query.text, schema),
    valuesFrom: query.valuesFrom && inSchema(query.valuesFrom, schema),
  }));
}

/** @throws InvalidOptionsError. The value is not shown: a URL may hold a password. */
export function checkConnection(
  owner: string,
  connection: ConnectionSource | undefined,
): ConnectionSource {
  const isRight =
    typeof connection === 'string'
      ? /^postgres(?:ql)?:\/\//.test(connection) && URL.canParse(connection)
      : typeof connection === 'function' || typeof connection?.connect === 'function';
  if (isRight && connection !== undefined) return connection;
  const got =
    connection === undefined ? 'undefined (is the environment variable set?)' : 'something else';
  throw new InvalidOptionsError(
    `${owner}: connection: expected a postgres:// URL, a pg.Pool or a function that connects a pg.Client, got ${got}`,
  );
}
