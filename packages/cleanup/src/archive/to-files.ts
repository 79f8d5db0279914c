import { isAbsolute, normalize } from 'node:path';
import type { Duration } from '@ops/timeout';
import { durationMs, parseOptions, type Shape } from '@ops/timeout/options';
import * as z from 'zod';
import type { ArchiveTarget } from '../batch/action.ts';
import { createFileStore } from './file-store.ts';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { ARCHIVE_FORMATS, type ArchiveFormat } from './piece.ts';
import { checkFormat, createPieceTarget, TIMEOUT_MAX_MS } from './piece-target.ts';
import { findLeftFiles, sweepFiles } from './sweep-files.ts';

/** Options of {@link toFiles}. */
export interface ToFilesOptions {
  /**
   * Where the files go, absolute. It must be there, on a disk that keeps what was synced; of several
   * processes all must reach the same one.
   */
  readonly directory: string;
  /**
   * Lines of JSON, as they are or compressed by gzip or zstd (Node 22.15 or later: as small, in half
   * the time).
   * @default 'ndjson.gz'
   */
  readonly format?: ArchiveFormat | undefined;
  /**
   * A file that has so many bytes is completed, and the next batch begins another; from 1,000. It
   * may be larger by one batch.
   * @default 128_000_000
   */
  readonly maxFileBytes?: number | undefined;
  /**
   * For writing one batch, from `'10ms'` to `'12s'`: its rows are locked so long. When it is over, the
   * batch is rolled back and the policy fails.
   * @default '5s'
   */
  readonly timeout?: Duration | undefined;
}

const DIRECTORY = 'expected the absolute path of a directory';
const BYTES = 'expected a whole number from 1,000';
const schema = z.strictObject({
  directory: z.string(DIRECTORY).refine((path) => isAbsolute(path) && !path.includes('\0'), {
    error: DIRECTORY,
  }),
  format: z
    .enum(ARCHIVE_FORMATS, { error: `expected one of ${ARCHIVE_FORMATS.join(', ')}` })
    .default('ndjson.gz'),
  maxFileBytes: z.int(BYTES).min(1_000, BYTES).default(128_000_000),
  timeout: durationMs({ minMs: 10, maxMs: TIMEOUT_MAX_MS }).default(5_000),
} satisfies Shape<ToFilesOptions>);

/**
 * Archives rows to files. The rows of a batch, and those that foreign keys cascade to, are written
 * and synced before their deletion is committed, together with where they are, their number and
 * their checksum. `restore()` reads only what was committed so.
 *
 * A file holds lines of JSON: an object that names a table and its columns, then an array of texts
 * for every row, as the server writes them, or null. While it grows it ends in `.open`; without that
 * it does not change any more, and may be moved. What a killed process left is cleared up by the
 * next run.
 *
 * @throws InvalidOptionsError at once when an option is wrong.
 */
export function toFiles(options: ToFilesOptions): ArchiveTarget {
  return createFileTarget(options, nodeFileSystem);
}

/** {@link toFiles} on another file system. */
export function createFileTarget(options: ToFilesOptions, files: FileSystem): ArchiveTarget {
  const parsed = parseOptions(schema, options, { of: 'toFiles' });
  const { format, maxFileBytes, timeout } = parsed;
  checkFormat(format, 'toFiles');
  const directory = normalize(parsed.directory);
  return createPieceTarget({
    kind: 'file',
    format,
    timeoutMs: timeout,
    description: { directory, format },
    async problems() {
      const problem = await files.problemOfDirectory(directory);
      return problem === undefined ? [] : [`The directory ${directory} cannot be used: ${problem}`];
    },
    async openStore(query, { historySchema }) {
      const left = await findLeftFiles(query, historySchema, directory, files);
      await sweepFiles(left, directory, files);
      return createFileStore({ directory, maxFileBytes, files });
    },
  });
}
