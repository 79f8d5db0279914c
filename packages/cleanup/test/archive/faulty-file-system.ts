import { type FileSystem, nodeFileSystem, type OpenFile } from '../../src/archive/file-system.ts';

/** What the disk does instead, when it does. */
export interface Faults {
  /** Bytes that one call takes at most; 0: it takes none and says so. */
  writeMax?: number | undefined;
  /** Called before each step; throws, or does not settle. */
  before?: ((step: Step, path: string) => void | Promise<void>) | undefined;
}

export type Step =
  | 'create'
  | 'write'
  | 'truncate'
  | 'datasync'
  | 'close'
  | 'rename'
  | 'syncDirectory'
  | 'unlink';

/** A real disk with faults, and what was done on it, in order. */
export function faultyFileSystem(faults: Faults): FileSystem & { readonly steps: Step[] } {
  const steps: Step[] = [];
  const step = async (name: Step, path: string): Promise<void> => {
    steps.push(name);
    await faults.before?.(name, path);
  };
  const wrap = (file: OpenFile, path: string): OpenFile => ({
    async write(bytes, offset, length, position) {
      await step('write', path);
      const max = Math.min(length, faults.writeMax ?? length);
      return max === 0 ? { bytesWritten: 0 } : file.write(bytes, offset, max, position);
    },
    read: (bytes, offset, length, position) => file.read(bytes, offset, length, position),
    stat: () => file.stat(),
    async truncate(length) {
      await step('truncate', path);
      await file.truncate(length);
    },
    async datasync() {
      await step('datasync', path);
      await file.datasync();
    },
    async close() {
      await file.close();
      await step('close', path);
    },
  });
  return {
    ...nodeFileSystem,
    steps,
    async create(path) {
      await step('create', path);
      return wrap(await nodeFileSystem.create(path), path);
    },
    openForWriting: async (path) => wrap(await nodeFileSystem.openForWriting(path), path),
    async syncDirectory(path) {
      await step('syncDirectory', path);
      await nodeFileSystem.syncDirectory(path);
    },
    async rename(from, to) {
      await step('rename', from);
      await nodeFileSystem.rename(from, to);
    },
    async unlink(path) {
      await step('unlink', path);
      await nodeFileSystem.unlink(path);
    },
  };
}

/** An error as the system gives it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it did not work, write`), { code });
}
