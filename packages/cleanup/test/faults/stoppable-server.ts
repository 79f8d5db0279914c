import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import pg from 'pg';

/** A server that can be stopped as if its processes were killed, and started again on its data. */
export interface StoppableServer extends AsyncDisposable {
  readonly url: string;
  /** As `pg_ctl stop -m immediate`: every session is cut, and nothing is written down. */
  stopImmediately(): Promise<void>;
  start(): Promise<void>;
}

/** Ends the server when this process ends, however that happens: its standard input closes then. */
const KEEPER = `exec 3<&0
"$@" < /dev/null &
server=$!
{ cat <&3; kill -QUIT "$server"; } > /dev/null 2>&1 &
keeper=$!
wait "$server"
kill "$keeper" 2> /dev/null`;

/** With the binaries of the server at `besideUrl`, and next to its data, where its user may write. */
export async function startStoppableServer(besideUrl: string): Promise<StoppableServer> {
  const { binaries, data } = await placesOf(besideUrl);
  const { uid, gid } = await stat(data);
  const user = process.getuid?.() === 0 ? { uid, gid } : {};
  const directory = await mkdtemp(join(dirname(data), 'stoppable-'));
  execFileSync('chown', [`${uid}:${gid}`, directory]);
  const own = join(directory, 'data');
  execFileSync(
    join(binaries, 'initdb'),
    ['-D', own, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
    { ...user, cwd: '/', stdio: 'ignore' },
  );
  const port = await freePort();
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    server = spawn('sh', ['-c', KEEPER, 'sh', join(binaries, 'postgres'), ...flags(own, port)], {
      ...user,
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    await readiness(server);
  }
  async function stopImmediately(): Promise<void> {
    const stopped = server;
    server = undefined;
    if (!stopped) return;
    const closed = new Promise((resolve) => stopped.once('close', resolve));
    stopped.stdin?.end();
    await closed;
  }

  await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    start,
    stopImmediately,
    async [Symbol.asyncDispose]() {
      await stopImmediately();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function flags(data: string, port: number): readonly string[] {
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // The processes go, the machine stays: what was handed to the kernel is still there.
    fsync: 'off',
  };
  const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', data, ...given];
}

async function placesOf(
  url: string,
): Promise<{ readonly binaries: string; readonly data: string }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ binaries: string; data: string }>(
      `select
         (select setting from pg_config() where name = 'BINDIR') as binaries,
         current_setting('data_directory') as data`,
    );
    const [places] = rows;
    if (!places) throw new TypeError('no answer');
    return places;
  } finally {
    await client.end();
  }
}

function readiness(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4_000);
      if (log.includes('ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('close', () => reject(new Error(`PostgreSQL did not start: ${log}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const address = probe.address();
        probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
      });
  });
}
