import { access, constants, open, readdir, rename, stat, unlink } from 'node:fs/promises';

/** The part of `node:fs/promises` that is used, so that faults of a disk can be tried. */
export interface FileSystem {
  /** Creates it; fails when it is there. */
  create(path: string): Promise<OpenFile>;
  openForWriting(path: string): Promise<OpenFile>;
  openForReading(path: string): Promise<OpenFile>;
  /** Makes names in it survive a crash: those created, renamed and removed before. */
  syncDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  readdir(path: string): Promise<readonly string[]>;
  /** Undefined when it can be written to. */
  problemOfDirectory(path: string): Promise<string | undefined>;
}

/** The part of a `FileHandle` that is used. */
export interface OpenFile {
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  read(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  truncate(length: number): Promise<void>;
  datasync(): Promise<void>;
  stat(): Promise<{ readonly size: number }>;
  close(): Promise<void>;
}

export const nodeFileSystem: FileSystem = {
  create: (path) => open(path, 'wx', 0o640),
  openForWriting: (path) => open(path, 'r+'),
  openForReading: (path) => open(path, 'r'),
  async syncDirectory(path) {
    // Windows cannot open a directory, and needs no such thing.
    if (process.platform === 'win32') return;
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
  rename,
  unlink,
  readdir: (path) => readdir(path),
  async problemOfDirectory(path) {
    try {
      if (!(await stat(path)).isDirectory()) return 'it is no directory';
      await access(path, constants.W_OK | constants.X_OK | constants.R_OK);
      return undefined;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'ENOENT') return 'it is not there';
      if (code === 'EACCES' || code === 'EROFS') return 'this process may not write to it';
      return error instanceof Error ? error.message : String(error);
    }
  },
};

/** Removes a file or renames it when another process may just have done so. */
export async function ifThere(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error;
  }
}
