import { readFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { onDatabase } from './database.ts';

/** Of the server; durability stays on. */
export const SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: '2GB',
  max_wal_size: '8GB',
  work_mem: '64MB',
};

const PEERS = [
  'posthog-node',
  '@segment/analytics-node',
  '@opentelemetry/sdk-logs',
  'lru-cache',
  'zod',
  'pg',
];

/** What a figure depends on. */
export async function machine(databaseUrl: string, folder: string): Promise<object> {
  const [cpu] = cpus();
  const versions = await Promise.all(PEERS.map(async (name) => `${name} ${await versionOf(name)}`));
  const settings = Object.entries(SETTINGS).map(([name, value]) => `${name} ${value}`);
  return {
    cpu: `${cpus().length} × ${cpu?.model.trim()}`,
    load: `load average ${loadOfMachine()} at the start`,
    node: `Node ${process.version}`,
    postgres: `PostgreSQL ${await serverVersion(databaseUrl)} on this machine (${settings.join(', ')}, durable commits, data in ${folder})`,
    packages: versions.join(', '),
  };
}

/** Over the last minute. */
export function loadOfMachine(): string {
  return loadavg()[0]?.toFixed(1) ?? '';
}

async function versionOf(name: string): Promise<string> {
  const path = join(import.meta.dirname, '..', 'node_modules', name, 'package.json');
  return (JSON.parse(await readFile(path, 'utf8')) as { readonly version: string }).version;
}

async function serverVersion(databaseUrl: string): Promise<string> {
  return onDatabase(databaseUrl, async (client) => {
    const { rows } = await client.query("select current_setting('server_version') as version");
    return String(rows[0]?.['version']);
  });
}
