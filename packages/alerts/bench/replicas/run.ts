// node packages/alerts/bench/replicas/run.ts [--seconds 30] [--processes 4] [--json]: whole processes at
// full speed against one PostgreSQL, which is started for it and durable.
import { spawn } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startTemporaryPostgres } from '../../../../test/temporary-postgres.ts';
import { ensureTables } from '../../src/postgres/index.ts';
import type { ReplicaReport } from './replica.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    processes: { type: 'string', default: '4' },
    json: { type: 'boolean', default: false },
  },
});

async function runReplica(url: string): Promise<ReplicaReport> {
  const script = fileURLToPath(new URL('./replica.ts', import.meta.url));
  const child = spawn(process.execPath, [script, url, options.seconds], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await text(child.stdout);
  if (said === '') throw new Error('a replica ended without a report');
  return JSON.parse(said) as ReplicaReport;
}

/** What the database says when all is over. */
interface Aftermath {
  readonly walBytes: number;
  readonly storedCount: number;
  readonly deadlockCount: number;
  readonly firingCount: number;
  readonly doubledCount: number;
}

async function lookAt(pool: pg.Pool, since: string): Promise<Aftermath> {
  const { rows } = await pool.query(
    `select (pg_current_wal_insert_lsn() - $1::pg_lsn)::float8 as "walBytes",
       (
         select coalesce(sum((value #>> '{series,state,count}')::float8), 0)
         from ops_alerts_documents where key like 's:total/%'
       ) as "storedCount",
       (select deadlocks::int from pg_stat_database where datname = current_database())
         as "deadlockCount",
       (select count(*)::int from ops_alerts_history) as "firingCount",
       (
         select count(*)::int from (
           select from ops_alerts_history
           group by rule, body ->> 'key', body ->> 'epoch' having count(*) > 1
         ) as twice
       ) as "doubledCount"`,
    [since],
  );
  return rows[0] as Aftermath;
}

const number = (value: number, digits = 0): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

function verdict(what: string, measured: number, limit: number, digits: number): string {
  const word = measured <= limit ? 'met' : 'missed';
  return `- ${what}: target ≤ ${limit}, measured ${number(measured, digits)}, ${word}.`;
}

function print(reports: readonly ReplicaReport[], after: Aftermath, version: string): void {
  const [cpu] = cpus();
  console.log(
    `${cpus().length} × ${cpu?.model.trim()}, load average ${loadavg()[0]?.toFixed(1)}, Node ${process.version}, PostgreSQL ${version} on this machine, durable.\n`,
  );
  console.log(
    '| process | events | events/s | statements/s | after the first 5 s | CPU µs an event | transitions |',
  );
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  reports.forEach((one, at) => {
    const cells = [
      at + 1,
      number(one.eventCount),
      number(one.eventCount / one.seconds),
      number(one.statementRate, 2),
      number(one.steadyStatementRate, 2),
      number((one.cpuSeconds * 1e6) / one.eventCount, 2),
      one.transitionCount,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  });
  const eventCount = reports.reduce((sum, one) => sum + one.eventCount, 0);
  const rates = reports.map((one) => one.steadyStatementRate);
  console.log('');
  console.log(
    verdict(
      'statements a second of the busiest process, after the first 5 s',
      Math.max(...rates),
      2,
      2,
    ),
  );
  console.log(verdict('WAL bytes an event', after.walBytes / eventCount, 0.1, 4));
  console.log(
    `- ${number(after.walBytes / 1e3)} kB of WAL in all, new pages of new tables included.`,
  );
  console.log(verdict('events reported but not stored', eventCount - after.storedCount, 0, 0));
  console.log(verdict('events stored but not reported', after.storedCount - eventCount, 0, 0));
  console.log(verdict('deadlocks', after.deadlockCount, 0, 0));
  console.log(
    `- ${after.firingCount} alerts, ${after.doubledCount} of them doubled; statements that failed: ${
      reports.flatMap((one) => one.states).join(', ') || 'none'
    }.`,
  );
}

await using server = await startTemporaryPostgres();
const pool = new pg.Pool({ connectionString: server.url });
await ensureTables(pool);
const { rows } = await pool.query(
  `select pg_current_wal_insert_lsn()::text as since, current_setting('server_version') as version`,
);
const { since, version } = rows[0] as { since: string; version: string };
const reports = await Promise.all(
  Array.from({ length: Number(options.processes) }, () => runReplica(server.url)),
);
const after = await lookAt(pool, since);
if (options.json) console.log(JSON.stringify({ reports, after }));
else print(reports, after, version);
await pool.end();
