import pg from 'pg';
import { type Cpu, cpuSince } from './backends.ts';
import { createDatabase } from './database.ts';
import { ABOUT, createTable, type TableKind } from './event-tables.ts';
import { median, type Section, spread, table, verdict } from './markdown.ts';
import { runProgram, startProgram } from './program.ts';
import type { SendJob, SendResult } from './programs/send.ts';
import type { WriteJob, WriteResult } from './programs/write.ts';

interface Figures {
  readonly rowsPerS: number;
  /** Of all processes; of it the server's. */
  readonly cpuUs: number;
  readonly serverUs: number;
}

/** In a database of its own. */
interface Table {
  readonly kind: TableKind;
  readonly url: string;
}

interface Contender {
  readonly name: string;
  readonly run: (table: Table, rows: number) => Promise<WriteResult>;
  /** Of the rows of the others: slow ones get fewer. */
  readonly share: number;
}

const ROW_BY_ROW = 'row by row, awaited';
const UNNEST = 'unnest loop, 1,000 rows, prepared';
const REQUESTS = 'requests → handler → sink';
const CLIENTS = '4 Node clients, gzip → HTTP → handler → sink';

const CONTENDERS: readonly Contender[] = [
  writing(ROW_BY_ROW, 'row by row', 0.04),
  writing('row by row, prepared', 'row by row, prepared', 0.04),
  writing(UNNEST, 'unnest loop'),
  writing('sink alone, 1,000 rows a write', 'sink'),
  writing(REQUESTS, 'requests'),
  { name: CLIENTS, share: 1, run: ({ url }, rows) => sendAndStore(url, rows, 4) },
  {
    name: 'one of them, with a request under way at most',
    share: 0.5,
    run: ({ url }, rows) => sendAndStore(url, rows, 1),
  },
];

/** Events into PostgreSQL, in several ways, with every index that the tables have. */
export async function benchIngest(serverUrl: string, isQuick: boolean): Promise<Section> {
  const size = isQuick ? { rows: 10_000, rounds: 1 } : { rows: 100_000, rounds: 5 };
  const lines: string[] = [];
  const raw: Record<string, unknown> = {};
  for (const kind of ['plain', 'partitioned'] as const) {
    const url = await createDatabase(serverUrl, `bench_ingest_${kind}`);
    const measured = await measure({ kind, url }, size);
    lines.push('', `Into ${ABOUT[kind]}:`, '', ...ingestTable(measured), '');
    lines.push(...verdicts(measured));
    raw[kind] = Object.fromEntries(measured);
  }
  const { rows, rounds } = size;
  return {
    title: 'Ingest: events into PostgreSQL',
    lines: [
      `${rows.toLocaleString('en')} events (row by row 4 %, one client 50 %); medians (least–most) of ${rounds} interleaved rounds. CPU is that of all processes: client, ingest server and the server processes of their connections. Requests are of 500 events, 8 at a time, within the process of the handler; the Node clients have their defaults (500 events a request, too) and a process, the ingest server another.`,
      ...lines,
    ],
    raw,
  };
}

interface Size {
  readonly rows: number;
  readonly rounds: number;
}

async function measure(into: Table, { rows, rounds }: Size): Promise<Measured> {
  const pool = new pg.Pool({ connectionString: into.url, max: 1 });
  await createTable(pool, into.kind);
  const measured = new Map<string, Figures[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of CONTENDERS) {
      const figures = await runOnce(pool, into, contender, Math.round(rows * contender.share));
      measured.set(contender.name, [...(measured.get(contender.name) ?? []), figures]);
    }
  }
  await pool.end();
  return measured;
}

function writing(name: string, way: WriteJob['way'], share = 1): Contender {
  const run = ({ url, kind }: Table, rows: number): Promise<WriteResult> =>
    runProgram<WriteResult>('write', { url, way, table: kind, rows } satisfies WriteJob);
  return { name, share, run };
}

/** The table is empty before, and has each event once after. */
async function runOnce(
  pool: pg.Pool,
  into: Table,
  { name, run }: Contender,
  rows: number,
): Promise<Figures> {
  await pool.query('truncate app_events');
  await pool.query('checkpoint');
  const { ms, cpu, stored } = await run(into, rows);
  const { rows: found } = await pool.query<{ n: number }>(
    "select count(distinct meta->>'n')::int as n from app_events where (meta->>'n')::int >= 2000",
  );
  if (stored !== rows || found[0]?.n !== rows) {
    throw new Error(`${name}: ${rows} events, ${stored} said to be stored, ${found[0]?.n} are`);
  }
  const serverUs = (cpu.serverMs * 1_000) / rows;
  const cpuUs = serverUs + (cpu.nodeMs * 1_000) / rows;
  return { rowsPerS: (rows * 1_000) / ms, cpuUs, serverUs };
}

async function sendAndStore(url: string, rows: number, clients: number): Promise<WriteResult> {
  using server = startProgram<unknown>('ingest-server', { url });
  const endpoint = (await server.next()) as string;
  const job: SendJob = { endpoint, rows, clients };
  using client = startProgram<unknown>('send', job);
  await client.next();
  const cost = async (): Promise<Cpu> => {
    const answer = server.next();
    server.send('cost');
    return (await answer) as Cpu;
  };
  const from = await cost();
  const finished = client.next();
  client.send('go');
  const { ms, cpuMs, delivered } = (await finished) as SendResult;
  const { nodeMs, serverMs } = cpuSince(from, await cost());
  return { ms, cpu: { nodeMs: nodeMs + cpuMs, serverMs }, stored: delivered };
}

type Measured = ReadonlyMap<string, readonly Figures[]>;
type Figure = (one: Figures) => number;

const speed: Figure = ({ rowsPerS }) => rowsPerS;
const cost: Figure = ({ cpuUs }) => cpuUs;

/** Round by round, then the median of them. */
function ratio(measured: Measured, own: string, beside: string, of: Figure): number {
  const others = measured.get(beside) ?? [];
  const ratios = (measured.get(own) ?? []).flatMap((one, round) => {
    const other = others[round];
    return other === undefined ? [] : [of(one) / of(other)];
  });
  return median(ratios);
}

function ingestTable(measured: Measured): string[] {
  const rows = [...measured].map(([name, figures]) => [
    name,
    spread(figures.map(speed), 0),
    ratio(measured, name, ROW_BY_ROW, speed).toFixed(1),
    ratio(measured, name, UNNEST, speed).toFixed(2),
    spread(figures.map(cost), 1),
    median(figures.map(({ serverUs }) => serverUs)).toFixed(1),
    (1 / ratio(measured, name, ROW_BY_ROW, cost)).toFixed(1),
    (1 / ratio(measured, name, UNNEST, cost)).toFixed(2),
  ]);
  return table(
    [
      'way',
      'rows/s:',
      '× row by row:',
      '× unnest loop:',
      'CPU µs a row:',
      'of it PostgreSQL:',
      'row by row ÷ it:',
      'unnest loop ÷ it:',
    ],
    rows,
  );
}

function verdicts(measured: Measured): string[] {
  return [REQUESTS, CLIENTS].flatMap((name) => [
    verdict(`${name}, rows/s`, '≥', '20× row by row', ratio(measured, name, ROW_BY_ROW, speed)),
    verdict(`${name}, rows/s`, '≥', '80 % of the unnest loop', unnestShare(measured, name)),
  ]);
}

function unnestShare(measured: Measured, name: string): number {
  return ratio(measured, name, UNNEST, speed) * 100;
}
