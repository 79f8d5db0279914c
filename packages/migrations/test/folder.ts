import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/** A folder of migration files for each test. */
export interface Folder {
  readonly path: string;
  /** Writes files; the key is the name. */
  write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Call once at the top of a test file. */
export function useFolder(): Folder {
  let path = '';
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'ops-migrations-'));
  });
  afterEach(async () => {
    await rm(path, { recursive: true, force: true });
  });
  return {
    get path() {
      return path;
    },
    async write(files) {
      await mkdir(path, { recursive: true });
      for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
    },
    async remove(name) {
      await rm(join(path, name), { recursive: true });
    },
  };
}
