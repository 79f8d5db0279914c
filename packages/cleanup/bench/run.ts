/**
 * Cleanup beside one bare DELETE, and beside the loops that are usual by hand, on a server of its own
 * with an application at work on the table. Fails when a contestant leaves other rows than it should.
 *
 * node packages/cleanup/bench/run.ts [--rows 2000000] [--rounds 1] [--only TEXT] [--paced 30]
 *   [--data FOLDER] [--json]
 *
 * `--rows 200000` is a quick run; `--only` takes the contestants with the text in their names, and
 * what they are set beside; `--data` says where the server keeps its data (`/dev/shm` leaves a shared
 * disk out of it).
 */
import { cpus, loadavg, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { type Entry, entries } from './contestants.ts';
import { type Measured, measure } from './measure.ts';
import { resultTable } from './report.ts';
import { type Server, startServer } from './server.ts';
import { fillEvents, fillExecutions, templateOf } from './tables.ts';
import { verdicts } from './targets.ts';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    paced: { type: 'string', default: '30' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const rows = Number(options.rows);

function say(line: string): void {
  if (!options.json) console.log(line);
}

function chosen(): readonly Entry[] {
  const all = entries({ rows, pacedSeconds: Number(options.paced) });
  const named = all.filter(({ name }) => name.includes(options.only));
  const beside = new Set(named.flatMap((entry) => entry.beside ?? []));
  return all.filter((entry) => named.includes(entry) || beside.has(entry.name));
}

async function fillTemplates(server: Server, list: readonly Entry[]): Promise<void> {
  const filled = new Set<string>();
  for (const { contestant } of list) {
    const name = templateOf(contestant);
    if (filled.has(name)) continue;
    filled.add(name);
    const fill = contestant.expired === 'partitions' ? fillEvents : fillExecutions;
    await server.fill(name, (client) => fill(client, { rows: contestant.rows }));
  }
}

function progress(name: string, one: Measured): void {
  const clean = one.clean ? `, ${one.clean.stopped}, ${one.clean.batches} batches` : '';
  console.error(
    `${name}: ${one.deleted} rows in ${(one.ms / 1_000).toFixed(1)} s (CPU ${(one.cpuMs / 1_000).toFixed(1)} s), ${one.walMb.toFixed(0)} MB of WAL${clean}; load average ${loadOfMachine()}`,
  );
}

function loadOfMachine(): string {
  return loadavg()[0]?.toFixed(1) ?? '';
}

function machineWith({ version, settings }: Server): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim()}, load average ${loadOfMachine()} at the start, Node ${process.version}, PostgreSQL ${version} (${settings}; data in ${tmpdir()})`;
}

/** Of each kind of request only how many there were, and the figures that matter. */
function withoutTimes(_: string, value: unknown): unknown {
  if (!Array.isArray(value) || value.length === 0 || typeof value[0] !== 'number') return value;
  const times = (value as number[]).toSorted((one, other) => one - other);
  const at = (share: number): number | undefined => times[Math.floor((times.length - 1) * share)];
  return { count: times.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

async function main(): Promise<void> {
  if (options.data !== undefined) process.env['TMPDIR'] = options.data;
  await using server = await startServer();
  const list = chosen();
  const machine = machineWith(server);
  const caution = rows < 2_000_000 ? ' A quick run: too few rows to quote.' : '';
  say(
    `${machine}; ${rows.toLocaleString('en')} rows, half of them expired, ${options.rounds} round(s).${caution}`,
  );
  await fillTemplates(server, list);
  const rounds = new Map<string, Measured[]>();
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    for (const { name, contestant } of list) {
      const one = await measure(server, contestant);
      progress(name, one);
      rounds.set(name, [...(rounds.get(name) ?? []), one]);
    }
  }
  say(
    [
      '',
      ...resultTable(list, rounds),
      '',
      ...verdicts(rounds, { isPart: options.only !== '' }),
    ].join('\n'),
  );
  if (options.json)
    console.log(
      JSON.stringify({ machine, rows, rounds: Object.fromEntries(rounds) }, withoutTimes),
    );
}

// Through the exit handlers; the server goes when this process does.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(130));
}
await main();
