import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ArchiveDamage } from './errors.ts';
import { OPEN_SUFFIX } from './file-store.ts';
import { nodeFileSystem, type OpenFile } from './file-system.ts';
import type { StoredEntry } from './manifest.ts';
import { decompress, sha256Of } from './piece.ts';
import type { ArchiveSink } from './sink.ts';

/** Where the pieces of a run are read from. */
export interface ReaderSettings {
  /** Files are looked for here, by name, instead of where they were written. */
  readonly from: string | undefined;
  readonly sinkOf: (policy: string) => ArchiveSink | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The rows of a piece, as it has them: the lines' bytes, the header left out. */
export interface PieceLines {
  readonly rows: Buffer;
  readonly rowCount: number;
}

/** What is wrong with a piece, instead of its rows. */
export type ReadPiece = PieceLines | Pick<ArchiveDamage, 'problem'>;

/** Reads a piece and checks its length, checksum and number of rows. */
export async function readPiece(entry: StoredEntry, settings: ReaderSettings): Promise<ReadPiece> {
  const bytes = await stored(entry, settings);
  if ('problem' in bytes) return bytes;
  if (bytes.length !== entry.byteCount) {
    return { problem: `expected ${entry.byteCount} bytes, found ${bytes.length}` };
  }
  const sha256 = sha256Of(bytes);
  if (sha256 !== entry.sha256) {
    return { problem: `expected sha256 ${entry.sha256}, found ${sha256}` };
  }
  const text = await decompress(bytes);
  const rows = text.subarray(text.indexOf(LINE_FEED) + 1);
  const rowCount = countLines(rows);
  return rowCount === entry.rowCount
    ? { rows, rowCount }
    : { problem: `expected ${entry.rowCount} rows, found ${rowCount}` };
}

const LINE_FEED = 0x0a;

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) {
    count += 1;
  }
  return count;
}

/**
 * The rows as JSON.
 *
 * @yields an array of as many rows as fit, one text after another.
 */
export function* jsonRows(
  { rows }: PieceLines,
  max: { readonly rows: number; readonly bytes: number },
): Generator<string> {
  let start = 0;
  while (start < rows.length) {
    let end = start;
    for (let count = 0; count < max.rows && end < rows.length; count += 1) {
      if (end - start > max.bytes) break;
      const next = rows.indexOf(LINE_FEED, end);
      end = next < 0 ? rows.length : next + 1;
    }
    // No text has a bare line feed in it, so these are the ones between the rows.
    yield `[${rows.toString('utf8', start, end).trimEnd().replaceAll('\n', ',')}]`;
    start = end;
  }
}

async function stored(
  entry: StoredEntry,
  settings: ReaderSettings,
): Promise<Uint8Array | Pick<ArchiveDamage, 'problem'>> {
  return entry.kind === 'sink' ? fromSink(entry, settings) : fromFile(entry, settings);
}

async function fromSink(
  { policy, uri }: StoredEntry,
  { sinkOf, signal = new AbortController().signal }: ReaderSettings,
): Promise<Uint8Array | Pick<ArchiveDamage, 'problem'>> {
  const sink = sinkOf(policy);
  if (!sink?.read) {
    return { problem: `policy ${policy} has no sink that can read() it` };
  }
  try {
    return await sink.read(uri, { signal });
  } catch (error) {
    signal.throwIfAborted();
    return { problem: `the sink ${sink.name} did not read it: ${String(error)}` };
  }
}

async function fromFile(
  { uri, byteOffset, byteCount }: StoredEntry,
  { from }: ReaderSettings,
): Promise<Uint8Array | Pick<ArchiveDamage, 'problem'>> {
  const written = fileURLToPath(uri);
  const path = from === undefined ? written : join(from, basename(written));
  try {
    const file = await openFile(path);
    try {
      return await readAt(file, byteOffset, byteCount ?? 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    return { problem: code === 'ENOENT' ? `${path} is not there` : `cannot be read: ${message}` };
  }
}

/** Complete, or still growing; and completed in between. */
async function openFile(path: string): Promise<OpenFile> {
  for (const name of [path, `${path}${OPEN_SUFFIX}`]) {
    try {
      return await nodeFileSystem.openForReading(name);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT') throw error;
    }
  }
  return nodeFileSystem.openForReading(path);
}

/** Fewer bytes when the file ends before. */
async function readAt(file: OpenFile, offset: number, length: number): Promise<Uint8Array> {
  const { size } = await file.stat();
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - offset)));
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
