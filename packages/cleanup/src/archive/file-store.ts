/*
 * Files of pieces, one after another. While a file grows it is called `….open`; its committed bytes
 * never change, and what is behind them is garbage that the next piece is written over. Complete, it
 * is cut to what was committed, synced and renamed: a file without `.open` does not change any more,
 * and may be moved elsewhere.
 *
 *   write behind the committed bytes → fdatasync → manifest row → COMMIT
 *
 * The name of a new file is made durable (directory fsync) before its first piece is committed.
 *
 * After an error the file is never written to again: once fsync has failed, a second one may say that
 * all is well although pages were dropped. The same when nobody knows whether a COMMIT went through:
 * what is in the file may be in the manifest. The next run cuts such a file by the manifest.
 *
 * One file a batch would need none of this, and makes hundreds of small files a million rows, each
 * with a directory fsync.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FileSystem, OpenFile } from './file-system.ts';
import { ifThere } from './file-system.ts';
import type { ArchivePiece } from './piece.ts';
import type { PieceStore } from './sink.ts';

/** At the end of the name of a file that is not complete. */
export const OPEN_SUFFIX = '.open';

interface GrowingFile {
  /** Under its final name. */
  readonly path: string;
  readonly file: OpenFile;
  /** Bytes that the manifest knows of. */
  committed: number;
  /** Bytes that are there, or may be. */
  end: number;
}

/** Where the files go. */
export interface FileStoreSettings {
  readonly directory: string;
  /** A file that has so many bytes is complete. */
  readonly maxFileBytes: number;
  readonly files: FileSystem;
}

export function createFileStore(settings: FileStoreSettings): PieceStore {
  const { directory, maxFileBytes } = settings;
  let growing: GrowingFile | undefined;
  /** Set while a write is in progress, and for good when it failed or was not waited for. */
  let isUnsure = false;
  return {
    place: directory,
    async store(pieces, signal) {
      if (growing && growing.committed >= maxFileBytes) {
        const full = growing;
        growing = undefined;
        await complete(settings, full);
      }
      isUnsure = true;
      const current = growing ?? (await createFile(settings, pieces[0], signal));
      growing = current;
      const offsets = await append(current, pieces, signal);
      // When it came too late, the batch is rolled back, and another may have begun.
      signal.throwIfAborted();
      isUnsure = false;
      const uri = uriOf(current.path);
      return offsets.map((byteOffset) => ({ uri, byteOffset }));
    },
    async settle(fate) {
      const current = growing;
      if (!current) return;
      if (fate === 'committed') current.committed = current.end;
      if (!isUnsure && fate !== 'unknown') return;
      growing = undefined;
      isUnsure = false;
      // Not waited for: the disk may hang.
      void closeQuietly(current.file);
    },
    async close() {
      const current = growing;
      growing = undefined;
      if (current) await complete(settings, current);
    },
  };
}

export function uriOf(path: string): string {
  return pathToFileURL(path).href;
}

async function createFile(
  { directory, files }: FileStoreSettings,
  first: ArchivePiece | undefined,
  signal: AbortSignal,
): Promise<GrowingFile> {
  const path = join(directory, first?.name ?? '');
  const file = await files.create(`${path}${OPEN_SUFFIX}`);
  try {
    await files.syncDirectory(directory);
    // The batch that it was for may be over by now.
    signal.throwIfAborted();
  } catch (error) {
    await closeQuietly(file);
    throw error;
  }
  return { path, file, committed: 0, end: 0 };
}

/** Writes behind what is committed. Says where each piece begins. */
async function append(
  growing: GrowingFile,
  pieces: readonly ArchivePiece[],
  signal: AbortSignal,
): Promise<readonly number[]> {
  const { file } = growing;
  // A shorter piece would leave the end of an earlier one behind it.
  if (growing.end > growing.committed) await file.truncate(growing.committed);
  growing.end = growing.committed;
  const offsets: number[] = [];
  for (const { bytes } of pieces) {
    offsets.push(growing.end);
    let written = 0;
    while (written < bytes.length) {
      signal.throwIfAborted();
      const left = bytes.length - written;
      const { bytesWritten } = await file.write(bytes, written, left, growing.end);
      if (bytesWritten <= 0) throw new Error(`the disk took 0 of ${left} bytes`);
      written += bytesWritten;
      growing.end += bytesWritten;
    }
  }
  await file.datasync();
  return offsets;
}

async function complete(
  { directory, files }: FileStoreSettings,
  { path, file, committed, end }: GrowingFile,
): Promise<void> {
  try {
    if (committed > 0 && end > committed) {
      await file.truncate(committed);
      await file.datasync();
    }
  } finally {
    await closeQuietly(file);
  }
  await putAway({ directory, files }, path, committed);
}

/** Gives a file that is cut to its committed bytes its final name; removes one that has none. */
export async function putAway(
  { directory, files }: Pick<FileStoreSettings, 'directory' | 'files'>,
  path: string,
  committed: number,
): Promise<void> {
  const open = `${path}${OPEN_SUFFIX}`;
  await ifThere(committed > 0 ? files.rename(open, path) : files.unlink(open));
  await files.syncDirectory(directory);
}

/** Everything in it that counts is synced. */
async function closeQuietly(file: OpenFile): Promise<void> {
  try {
    await file.close();
  } catch {
    // Nothing depends on it.
  }
}
