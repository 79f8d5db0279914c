import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/** Where the program is, on the path or where Debian puts it. Undefined when it is not installed. */
export const pgbouncer: string | undefined = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/sbin',
]
  .map((folder) => join(folder, 'pgbouncer'))
  .find(existsSync);

/** A running PgBouncer. */
export interface Bouncer extends AsyncDisposable {
  /** The given database, through it. */
  readonly url: string;
}

/** Starts one in front of the database that `target` names. */
export async function startPgbouncer(
  target: string,
  mode: 'transaction' | 'session',
  poolSize: number,
): Promise<Bouncer> {
  const folder = await mkdtemp(join(tmpdir(), 'ops-pgbouncer-'));
  // It refuses to run as root, and whoever runs it has to read its settings.
  await chmod(folder, 0o755);
  const port = await freePort();
  const { hostname, port: serverPort, username, password, pathname } = new URL(target);
  const file = join(folder, 'pgbouncer.ini');
  await writeFile(
    file,
    `[databases]
* = host=${hostname} port=${serverPort} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${poolSize}
`,
  );
  const child = spawn(pgbouncer ?? 'pgbouncer', [file], {
    ...unprivileged(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await started(child);
  return {
    url: `postgres://${username}@127.0.0.1:${port}${pathname}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      await closed;
      await rm(folder, { recursive: true });
    },
  };
}

function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Reads on, so that the log never fills the pipe. */
async function started(child: ChildProcess): Promise<void> {
  if (child.stderr === null) throw new Error('no standard error');
  const lines: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  createInterface(child.stderr).on('line', (line) => {
    lines.push(line);
    if (line.includes('process up')) resolve();
  });
  child.once('error', reject);
  child.once('close', () => reject(new Error(lines.join('\n'))));
  await promise;
}

async function freePort(): Promise<number> {
  const server: Server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
