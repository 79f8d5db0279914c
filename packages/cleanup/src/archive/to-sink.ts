import { type Duration, InvalidOptionsError } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ArchiveTarget } from '../batch/action.ts';
import { ARCHIVE_FORMATS, type ArchiveFormat } from './piece.ts';
import { checkFormat, createPieceTarget, TIMEOUT_MAX_MS } from './piece-target.ts';
import { type ArchiveSink, createSinkStore } from './sink.ts';

/** Options of {@link toSink}. */
export interface ToSinkOptions {
  /** As for files. @default 'ndjson.gz' */
  readonly format?: ArchiveFormat | undefined;
  /**
   * For storing one batch, from `'10ms'` to `'12s'`: its rows are locked so long. When it is over, the
   * signal is aborted, the batch rolled back, and the policy fails.
   * @default '5s'
   */
  readonly timeout?: Duration | undefined;
}

const schema = z.strictObject({
  format: z
    .enum(ARCHIVE_FORMATS, { error: `expected one of ${ARCHIVE_FORMATS.join(', ')}` })
    .default('ndjson.gz'),
  timeout: durationMs({ minMs: 10, maxMs: TIMEOUT_MAX_MS }).default(5_000),
} satisfies Shape<ToSinkOptions>);

const SINK: unique symbol = Symbol('@ops/cleanup sink');

/** What {@link toSink} returns. */
interface SinkTarget extends ArchiveTarget {
  readonly [SINK]: ArchiveSink;
}

/**
 * Archives rows to a place of one's own, one object for each table and batch.
 *
 * @throws InvalidOptionsError at once when the sink or an option is wrong.
 */
export function toSink(sink: ArchiveSink, options: ToSinkOptions = {}): ArchiveTarget {
  const given: Partial<ArchiveSink> | null | undefined = sink;
  if (typeof given?.write !== 'function' || typeof given.name !== 'string' || given.name === '') {
    throw new InvalidOptionsError('toSink: sink: expected an object with a name and write()');
  }
  const { format, timeout } = parseOptions(schema, options, { of: 'toSink' });
  checkFormat(format, 'toSink');
  const target = createPieceTarget({
    kind: 'sink',
    format,
    timeoutMs: timeout,
    description: { sink: sink.name, format },
    problems: async () => (await sink.check?.()) ?? [],
    openStore: () => Promise.resolve(createSinkStore(sink)),
  });
  const sinkTarget: SinkTarget = { ...target, [SINK]: sink };
  return sinkTarget;
}

/** The sink that a target writes to; undefined for one of another kind. */
export function sinkOf(target: ArchiveTarget): ArchiveSink | undefined {
  return SINK in target ? (target as SinkTarget)[SINK] : undefined;
}
