// node packages/health/bench/run.ts [--quick] [--json]: servers as processes of their own, beside npm's.
import { readFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startTemporaryPostgres } from '../../../test/temporary-postgres.ts';
import { benchHungCheck } from './hung-check.ts';
import type { Section } from './markdown.ts';
import { benchProbeCost } from './probe-cost.ts';
import { benchSharedPool } from './shared-pool.ts';
import { benchSlowDependency } from './slow-dependency.ts';
import { benchStaggeredProbes } from './staggered-probes.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const PEERS = [
  '@godaddy/terminus',
  '@nestjs/terminus',
  '@nestjs/core',
  'lightship',
  'autocannon',
  'pg',
];

async function machine(databaseUrl: string): Promise<Record<string, string>> {
  const [cpu] = cpus();
  const versions = await Promise.all(PEERS.map(async (name) => `${name} ${await versionOf(name)}`));
  return {
    cpu: `${cpus().length} × ${cpu?.model.trim()}`,
    load: `load average ${loadavg()[0]?.toFixed(1)} at the start`,
    node: `Node ${process.version}`,
    postgres: `PostgreSQL ${await serverVersion(databaseUrl)} on this machine`,
    packages: versions.join(', '),
  };
}

async function versionOf(name: string): Promise<string> {
  const path = join(import.meta.dirname, '..', 'node_modules', name, 'package.json');
  return (JSON.parse(await readFile(path, 'utf8')) as { readonly version: string }).version;
}

async function serverVersion(databaseUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string }>(
      "select current_setting('server_version') as version",
    );
    return rows[0]?.version ?? '';
  } finally {
    await client.end();
  }
}

const parts: readonly ((databaseUrl: string) => Promise<Section>)[] = [
  () => benchProbeCost(options.quick),
  () => benchSlowDependency(options.quick),
  () => benchStaggeredProbes(options.quick),
  () => benchHungCheck(options.quick),
  (databaseUrl) => benchSharedPool(databaseUrl, options.quick),
];

async function main(): Promise<void> {
  await using database = await startTemporaryPostgres();
  const facts = await machine(database.url);
  const sections: Section[] = [];
  const caution = options.quick ? ' A quick run: too few rounds to quote.' : '';
  if (!options.json) console.log(`${Object.values(facts).join(', ')}.${caution}`);
  for (const part of parts) {
    const section = await part(database.url);
    sections.push(section);
    if (!options.json) console.log(['', `### ${section.title}`, '', ...section.lines].join('\n'));
  }
  if (options.json) {
    const measured = sections.map(({ title, raw }) => ({ title, raw }));
    console.log(JSON.stringify({ machine: facts, isQuick: options.quick, sections: measured }));
  }
}

// The database goes when this process does; servers when their wire to it is cut.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(130));
}
await main();
