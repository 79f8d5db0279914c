import pg from 'pg';
import { startTemporaryPostgres } from '../../../test/temporary-postgres.ts';

/** A server of its own, on which every contestant gets the same data. */
export interface Server extends AsyncDisposable {
  readonly version: string;
  /** Settings that decide what is measured. */
  readonly settings: string;
  /** Makes a database that {@link Server.copy} copies. */
  fill(name: string, work: (client: pg.Client) => Promise<void>): Promise<void>;
  copy(template: string): Promise<Copy>;
}

/** A fresh copy of the data, with every page of it flushed. */
export interface Copy extends AsyncDisposable {
  readonly url: string;
  /** A client that is ended with the copy. */
  connect(applicationName?: string): Promise<pg.Client>;
}

const SHOWN = ['fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size'];

export async function startServer(): Promise<Server> {
  const server = await startTemporaryPostgres({
    // No vacuum comes between, or dead tuples could not be counted and one contestant would pay for another.
    settings: { shared_buffers: '1GB', max_wal_size: '4GB', autovacuum: 'off' },
  });
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  const show = async (name: string): Promise<string> => {
    const { rows } = await admin.query('select current_setting($1) as value', [name]);
    return String(rows[0]?.['value']);
  };
  const settings: string[] = [];
  for (const name of SHOWN) settings.push(`${name} ${await show(name)}`);
  let count = 0;
  return {
    version: await show('server_version'),
    settings: [...settings, 'autovacuum off'].join(', '),
    async fill(name, work) {
      await admin.query(`create database ${name}`);
      const client = new pg.Client({ connectionString: inDatabase(server.url, name) });
      await client.connect();
      await work(client);
      await client.query('vacuum (freeze, analyze)');
      await client.end();
    },
    async copy(template) {
      count += 1;
      const name = `copy_${count}`;
      await admin.query(`create database ${name} template ${template} strategy file_copy`);
      await admin.query('checkpoint');
      return openCopy(admin, inDatabase(server.url, name), name);
    },
    async [Symbol.asyncDispose]() {
      await admin.end();
      await server.stop();
    },
  };
}

function openCopy(admin: pg.Client, url: string, name: string): Copy {
  const clients: pg.Client[] = [];
  return {
    url,
    async connect(applicationName = 'bench') {
      const client = new pg.Client({ connectionString: url, application_name: applicationName });
      client.on('error', () => {});
      await client.connect();
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.end()));
      await admin.query(`drop database ${name} with (force)`);
    },
  };
}

function inDatabase(url: string, name: string): string {
  const inside = new URL(url);
  inside.pathname = `/${name}`;
  return inside.href;
}
