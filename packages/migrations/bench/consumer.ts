import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A project that has the packages as they are published, and the programs that are measured. */
export interface Consumer extends Disposable {
  readonly directory: string;
  /** Absolute path of a program. */
  program(name: string): string;
  /** Version of an installed package. */
  version(name: string): Promise<string>;
}

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly publishConfig?: Readonly<Record<string, unknown>>;
}

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const installed = ['pg', 'libpg-query', 'node-pg-migrate', 'postgres-migrations'] as const;

/**
 * Builds the packages with their own settings into a temporary folder. Not `dist`, which may be of
 * yesterday, and not the sources, where Node would spend its time on removing types.
 */
export async function createConsumer(): Promise<Consumer> {
  const directory = await mkdtemp(join(tmpdir(), 'ops-bench-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove); // also when a signal ends us
  try {
    const modules = join(directory, 'node_modules');
    const timeout = join(packageFolder, '../timeout');
    await mkdir(join(modules, '@ops'), { recursive: true });
    await publish(timeout, join(modules, '@ops/timeout'));
    await publish(packageFolder, join(modules, '@ops/migrations'));
    await link(packageFolder, installed, modules);
    await cp(join(packageFolder, 'bench/programs'), join(directory, 'programs'), {
      recursive: true,
    });
    return {
      directory,
      program: (name) => join(directory, 'programs', `${name}.mjs`),
      version: async (name) => (await readManifest(join(modules, name))).version,
      [Symbol.dispose]: remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

async function link(source: string, names: readonly string[], modules: string): Promise<void> {
  await mkdir(modules, { recursive: true });
  for (const name of names) {
    await symlink(await realpath(join(source, 'node_modules', name)), join(modules, name));
  }
}

/** What `pnpm publish` makes of a package, without the types. */
async function publish(source: string, target: string): Promise<void> {
  const tsup = createRequire(import.meta.url).resolve('tsup/package.json');
  const cli = join(dirname(tsup), 'dist/cli-default.js');
  const args = [cli, '--out-dir', join(target, 'dist')];
  await promisify(execFile)(process.execPath, args, { cwd: source }).catch((error: unknown) => {
    throw new Error(`${source} cannot be built: ${(error as { stderr?: string }).stderr}`);
  });
  const manifest = await readManifest(source);
  await writeFile(
    join(target, 'package.json'),
    JSON.stringify({ ...manifest, ...manifest.publishConfig }),
  );
  const dependencies = Object.keys(manifest.dependencies ?? {});
  const foreign = dependencies.filter((name) => !name.startsWith('@ops/'));
  await link(source, foreign, join(target, 'node_modules'));
}

async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
}
