import { InvalidOptionsError, withTimeout } from '@ops/timeout';
import type { CopyPool } from '../database.ts';
import { ReplayInterruptedError } from '../errors.ts';
import { isAtHome } from '../home-month.ts';
import { rowOf, UnwritableValue } from '../rows.ts';
import { readTableLayout, type TableLayout } from '../table-layout.ts';
import { withClient } from '../with-client.ts';
import { type Line, type LineSource, readLines } from './lines.ts';
import { type ParsedReplayOptions, parseReplayOptions, type ReplayOptions } from './options.ts';
import { eventOf, MalformedLine, type ReplayRecord } from './record.ts';
import {
  createTally,
  type ReplayRejection,
  type ReplayReport,
  type ReplayTally,
} from './report.ts';
import { type ChunkOutcome, type ReplayRow, storeChunk } from './store-chunk.ts';
import { untilAborted } from './until-aborted.ts';

/**
 * Brings events into the table that were kept elsewhere: a spool, an export, a backup. `source` is
 * NDJSON in pieces of text or bytes, such as a `Readable` of a file, or an async iterable of
 * {@link ReplayRecord}s. Rows go through COPY into a temporary table, 5,000 in a transaction, and on
 * into the table where their id is not there yet; so a replay may be run again, run twice at a time,
 * and run while the sink writes.
 *
 * A line that is no event, or that the table refuses, is counted, told with its number, and left
 * out. What is nobody's fault (connection, time limit, no such table, the source itself) ends the
 * replay with a {@link ReplayInterruptedError}: what its report says is committed, and
 * `startAfterLine: report.line` goes on from there. An abort rejects with `signal.reason`; then
 * `onProgress` has told how far it came.
 *
 * Holds a connection only during a transaction. The role needs `temporary` on the database. Months
 * without a partition go into the default partition: call `ensurePartitions` with `behind` before.
 *
 * @throws InvalidOptionsError, ReplayInterruptedError, `signal.reason`, or what a callback throws.
 */
export async function replay(
  pool: CopyPool,
  source: AsyncIterable<string | Uint8Array | ReplayRecord>,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  if (typeof (pool as CopyPool | undefined)?.connect !== 'function') {
    throw new InvalidOptionsError('replay: pool: expected a pg.Pool, or what looks like one');
  }
  const parsed = parseReplayOptions(options);
  const tally = createTally(parsed.startAfterLine, parsed.onReject);
  const state: Replaying = { pool, options: parsed, tally, layout: undefined };
  let chunk = emptyChunk();
  const lines = untilAborted(read(source, parsed.maxLineBytes), parsed.signal);
  for await (const line of lines) {
    if ('interrupted' in line) throw new ReplayInterruptedError(tally.report(), line.interrupted);
    if (line.line <= parsed.startAfterLine) continue;
    chunk.lines.push(line);
    chunk.size += 'text' in line ? line.text.length : 0;
    if (chunk.lines.length < parsed.chunkRows && chunk.size < CHUNK_LENGTH) continue;
    await settle(state, chunk.lines);
    chunk = emptyChunk();
  }
  await settle(state, chunk.lines);
  return tally.report();
}

/** Characters of JSON after which a chunk is stored even if it has few rows. */
const CHUNK_LENGTH = 8_000_000;

interface Chunk {
  readonly lines: Line[];
  size: number;
}

function emptyChunk(): Chunk {
  return { lines: [], size: 0 };
}

interface Replaying {
  readonly pool: CopyPool;
  readonly options: ParsedReplayOptions;
  readonly tally: ReplayTally;
  layout: TableLayout | undefined;
}

/**
 * A source that fails ends the replay, but what a callback throws is passed on as it is.
 *
 * @yields lines, and at last the failure if there is one
 */
async function* read(
  source: LineSource,
  maxLineBytes: number,
): AsyncGenerator<Line | { readonly interrupted: unknown }, void, undefined> {
  try {
    yield* readLines(source, maxLineBytes);
  } catch (interrupted) {
    yield { interrupted };
  }
}

async function settle(state: Replaying, lines: readonly Line[]): Promise<void> {
  const last = lines.at(-1);
  if (last === undefined) return;
  const { options, tally } = state;
  const { rows, rejections } = await prepared(state, lines);
  const { duplicates, refused } = await interruptible(state, () => stored(state, rows));
  rejections.push(
    ...refused.map(({ line, sqlState, cause }) => ({
      line,
      details: `the table refuses this event (SQLSTATE ${sqlState})`,
      cause,
    })),
  );
  tally.settle(last.line, lines.length, rows.length - duplicates - refused.length, duplicates);
  for (const rejection of rejections.toSorted((a, b) => a.line - b.line)) tally.reject(rejection);
  options.onProgress?.(tally.report());
}

interface Prepared {
  readonly rows: readonly ReplayRow[];
  readonly rejections: ReplayRejection[];
}

/** Looks the table up for the first lines. */
async function prepared(state: Replaying, lines: readonly Line[]): Promise<Prepared> {
  const layout = (state.layout ??= await interruptible(state, () => lookUp(state)));
  const { source, clock } = state.options;
  const defaults = { source, receivedAt: new Date(clock.now()) };
  const rejections: ReplayRejection[] = [];
  const rows = lines.flatMap((line) => {
    try {
      const event = eventOf(line, defaults);
      const row = rowOf(event, layout.columns);
      return [{ line: line.line, id: event.id, row, isAtHome: isPlain(layout) || isAtHome(event) }];
    } catch (error) {
      rejections.push(rejectionOf(line.line, error));
      return [];
    }
  });
  return { rows, rejections };
}

function isPlain({ moved }: TableLayout): boolean {
  return moved === undefined;
}

function rejectionOf(line: number, error: unknown): ReplayRejection {
  if (error instanceof MalformedLine || error instanceof UnwritableValue) {
    const { message: details, cause } = error;
    return cause === undefined ? { line, details } : { line, details, cause };
  }
  return { line, details: 'it cannot be written as JSON', cause: error };
}

async function lookUp({ pool, options }: Replaying): Promise<TableLayout> {
  const { timeout, signal } = options;
  return withTimeout(
    ({ signal: inner }) => withClient(pool, inner, (client) => readTableLayout(client, options)),
    timeout,
    { signal },
  );
}

async function stored(
  { pool, options, layout }: Replaying,
  rows: readonly ReplayRow[],
): Promise<ChunkOutcome> {
  const { timeout, signal } = options;
  if (rows.length === 0 || layout === undefined) return { duplicates: 0, refused: [] };
  const deadlineAt = performance.now() + timeout;
  const remainingMs = (): number => deadlineAt - performance.now();
  return withTimeout(
    ({ signal: inner }) =>
      withClient(pool, inner, (client) => storeChunk(client, layout, rows, remainingMs)),
    timeout,
    { signal },
  );
}

async function interruptible<T>(
  { options: { signal }, tally }: Replaying,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (signal?.aborted === true) throw signal.reason;
    throw new ReplayInterruptedError(tally.report(), cause);
  }
}
