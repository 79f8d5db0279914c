/**
 * The client beside `posthog-node`, `@segment/analytics-node` and OpenTelemetry logs; the way into
 * PostgreSQL beside plain inserts; rollups beside the queries on the raw table. On a PostgreSQL server
 * of its own. Fails when anything is lost, stored twice or answered wrongly.
 *
 * node packages/telemetry/bench/run.ts [--only client,outage,ingest,rollups,stampede] [--rows 5000000]
 *   [--quick] [--data FOLDER] [--json]
 *
 * `--data` says where the server keeps its data (`/dev/shm` leaves a shared disk out of it).
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { startTemporaryPostgres } from '../../../test/temporary-postgres.ts';
import { benchClientCost } from './client-cost.ts';
import { benchIngest } from './ingest.ts';
import { loadOfMachine, machine, SETTINGS } from './machine.ts';
import type { Section } from './markdown.ts';
import { benchOutage } from './outage.ts';
import { benchRollups } from './rollups.ts';
import { benchStampede } from './stampede.ts';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rows: { type: 'string' },
    quick: { type: 'boolean', default: false },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const isQuick = options.quick;
const rows = Number(options.rows ?? (isQuick ? 100_000 : 5_000_000));
if (!Number.isInteger(rows) || rows < 1) throw new Error(`--rows: ${options.rows} is no count`);

const PARTS: Readonly<Record<string, (databaseUrl: string) => Promise<Section>>> = {
  client: () => benchClientCost(isQuick),
  outage: () => benchOutage(isQuick),
  ingest: (url) => benchIngest(url, isQuick),
  rollups: (url) => benchRollups(url, { rows, isQuick }),
  stampede: () => benchStampede(isQuick),
};

function chosen(): string[] {
  const names = options.only === '' ? Object.keys(PARTS) : options.only.split(',');
  const unknown = names.filter((name) => !(name in PARTS));
  if (unknown.length === 0) return names;
  throw new Error(`--only: ${unknown.join()} is none of ${Object.keys(PARTS).join()}`);
}

function say(lines: readonly string[]): void {
  if (!options.json) console.log(lines.join('\n'));
}

async function main(): Promise<void> {
  const names = chosen();
  if (options.data !== undefined) process.env['TMPDIR'] = options.data;
  await using database = await startTemporaryPostgres({ settings: SETTINGS });
  const facts = await machine(database.url, tmpdir());
  const caution = isQuick || rows < 5_000_000 ? ' A small run: not to be quoted.' : '';
  say([`${Object.values(facts).join(', ')}.${caution}`]);
  const sections: Record<string, unknown> = {};
  for (const name of names) {
    const before = loadOfMachine();
    const section = await PARTS[name]?.(database.url);
    if (section === undefined) continue;
    const load = `Load average ${before} before, ${loadOfMachine()} after.`;
    say(['', `### ${section.title}`, '', ...section.lines, '', load]);
    sections[name] = { title: section.title, raw: section.raw, load };
  }
  if (options.json) console.log(JSON.stringify({ machine: facts, isQuick, rows, sections }));
}

// Through the exit handlers; the server goes when this process does.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(130));
}
await main();
