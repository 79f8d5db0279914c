import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFile, cp, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import pg from 'pg';

/** A replica of a server on this machine, which streams from it. */
export interface Standby {
  readonly url: string;
  /** Stops the server and keeps its data. */
  stop(): Promise<void>;
  /** Starts it again after `stop`. */
  start(): Promise<void>;
  /** Stops the server and removes its data. */
  remove(): Promise<void>;
}

/** Ends with this process, however that ends: its standard input closes then. */
const KEEPER = '"$@" < /dev/null & server=$!; cat > /dev/null; kill -INT "$server"; wait "$server"';

/**
 * Copies the data of a running server while it is in backup mode; `pg_basebackup` would do the same,
 * but does not come with the binaries that the tests have.
 */
export async function createStandby(primaryUrl: string): Promise<Standby> {
  const { data, binaries, settings, label, directory } = await copyOf(primaryUrl);
  const copy = join(directory, 'data');
  const { uid, gid } = await stat(data);
  await writeFile(join(copy, 'backup_label'), label);
  await writeFile(join(copy, 'standby.signal'), '');
  await rm(join(copy, 'postmaster.pid'));
  execFileSync('chown', ['-R', `${uid}:${gid}`, directory]);
  const port = await freePort();
  const primary = new URL(primaryUrl);
  const source = `host=${primary.hostname} port=${primary.port} user=${primary.username} password=${primary.password}`;
  // In the file, where `alter system` can put something else above it.
  await appendFile(join(copy, 'postgresql.conf'), `\nprimary_conninfo = '${source}'\n`);
  const flags = Object.entries({ ...settings, port }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const url = new URL(primaryUrl);
  url.port = String(port);
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    const user = process.getuid?.() === 0 ? { uid, gid } : {};
    server = spawn('sh', ['-c', KEEPER, 'sh', join(binaries, 'postgres'), '-D', copy, ...flags], {
      ...user,
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    await readiness(server);
  }
  async function stop(): Promise<void> {
    const stopped = server;
    server = undefined;
    if (stopped === undefined) return;
    const closed = new Promise((resolve) => stopped.once('close', resolve));
    stopped.stdin?.end();
    await closed;
  }

  await start();
  return {
    url: url.href,
    start,
    stop,
    remove: async () => {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function copyOf(primaryUrl: string) {
  const client = new pg.Client({ connectionString: primaryUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ data: string; binaries: string; settings: object }>(
      `select current_setting('data_directory') as data,
        (select setting from pg_config() where name = 'BINDIR') as binaries,
        (
          select json_object_agg(name, current_setting(name))
          from pg_settings
          where source = 'command line'
        ) as settings`,
    );
    const { data, binaries, settings } = rows[0] as (typeof rows)[number];
    await client.query(`select pg_backup_start('standby', true)`);
    // Beside the data, which the server's user is known to reach.
    const directory = await mkdtemp(join(dirname(data), 'standby-'));
    await cp(data, join(directory, 'data'), { recursive: true });
    const stopped = await client.query<{ label: string }>(
      'select labelfile as label from pg_backup_stop(false)',
    );
    return { data, binaries, settings, directory, label: stopped.rows[0]?.label ?? '' };
  } finally {
    await client.end();
  }
}

function readiness(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4_000);
      if (/ready to accept (read-only )?connections/.test(log)) resolve();
    });
    server.once('error', reject);
    server.once('close', () => {
      reject(new Error(`The standby did not start: ${log}`));
    });
  });
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
