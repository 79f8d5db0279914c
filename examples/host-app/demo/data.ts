import type pg from 'pg';
import type { Random } from './random.ts';

/** How much to load besides the 2,000 users and their workflows and integrations. */
export interface DataSize {
  readonly executionCount: number;
  readonly eventCount: number;
}

/** What was loaded. */
export interface LoadedData {
  readonly counts: Readonly<Record<string, number>>;
  /** The user with the most executions and events. */
  readonly busiestUserId: string;
}

const USER_COUNT = 2_000;
const DAYS = 400;
const DAY_MS = 86_400_000;
/** Rows of one insert: large enough that the round trip does not count, small enough to show progress. */
const CHUNK_ROWS = 10_000;

/** One statement a table: an array a column, however many rows. */
const INSERT = {
  profiles: `
    insert into profiles (id, email, first_name, plan_name, trial_start_date, created_at)
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::date[], $6::timestamptz[])`,
  integrations: `
    insert into integrations (id, user_id, provider, status, connected_at)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])`,
  workflows: `
    insert into workflows (id, user_id, name, enabled, status, updated_at)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::text[], $6::timestamptz[])`,
  workflow_executions: `
    insert into workflow_executions
      (id, workflow_id, user_id, status, started_at, finished_at, duration_ms, error)
    select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[],
      $6::timestamptz[], $7::int[], $8::text[])`,
  app_events: `
    insert into app_events (id, user_id, event_type, path, meta, created_at)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[])`,
} as const;

type Table = keyof typeof INSERT;
type Row = readonly (string | number | boolean | null)[];

interface Workflow {
  readonly id: string;
  readonly userId: string;
  /** Nobody has run it for more than a year. */
  readonly isForgotten: boolean;
}

/**
 * Fills the tables with 400 days of a service with 2,000 users. They are skewed (the busiest tenth does half of everything), one workflow in
 * seven was last run over a year ago, 6 % of executions failed, one in 200 dangles: its workflow is
 * gone. The same `random` and `now` give the same rows.
 */
export async function loadData(
  pool: pg.Pool,
  random: Random,
  now: Date,
  size: DataSize,
  onProgress: (doneRows: number, totalRows: number) => void,
  signal: AbortSignal,
): Promise<LoadedData> {
  const users = Array.from({ length: USER_COUNT }, () => random.uuid());
  const workflows = makeWorkflows(users, random);
  const tables: [Table, number, (index: number) => Row][] = [
    ['profiles', users.length, (index) => profile(users[index] ?? '', index, random, now)],
    ['integrations', users.length, (index) => integration(users[index] ?? '', random, now)],
    ['workflows', workflows.length, (index) => workflow(workflows[index], index, random, now)],
    [
      'workflow_executions',
      size.executionCount,
      (index) => execution(workflows, age(index, size.executionCount, random), random, now),
    ],
    [
      'app_events',
      size.eventCount,
      (index) => event(users, age(index, size.eventCount, random), random, now),
    ],
  ];
  const totalRows = tables.reduce((sum, [, count]) => sum + count, 0);
  let doneRows = 0;
  for (const [table, count, make] of tables) {
    for (let first = 0; first < count; first += CHUNK_ROWS) {
      signal.throwIfAborted();
      const rows = Array.from({ length: Math.min(CHUNK_ROWS, count - first) }, (_, index) =>
        make(first + index),
      );
      await pool.query(INSERT[table], transpose(rows));
      doneRows += rows.length;
      onProgress(doneRows, totalRows);
    }
  }
  await pool.query('vacuum analyze');
  const counts = Object.fromEntries(tables.map(([table, count]) => [table, count]));
  return { counts, busiestUserId: users[0] ?? '' };
}

function transpose(rows: readonly Row[]): unknown[][] {
  return Array.from(rows[0] ?? [], (_, column) => rows.map((row) => row[column]));
}

/** Small indexes far more often than large ones: half of all draws fall into the first tenth. */
function skewed(random: Random, length: number): number {
  return Math.floor(random.next() ** 3.3 * length);
}

function ago(now: Date, days: number): string {
  return new Date(now.getTime() - days * DAY_MS).toISOString();
}

function makeWorkflows(users: readonly string[], random: Random): Workflow[] {
  return users.flatMap((userId) =>
    Array.from({ length: 1 + random.below(5) }, (_, index) => ({
      id: random.uuid(),
      userId,
      isForgotten: index > 0 && random.next() < 0.2,
    })),
  );
}

function profile(id: string, index: number, random: Random, now: Date): Row {
  const joined = ago(now, random.next() * DAYS);
  const plan = random.next() < 0.4 ? null : (['starter', 'pro', 'team'][random.below(3)] ?? null);
  const trial = random.next() < 0.3 ? joined.slice(0, 10) : null;
  return [id, `user${index}@example.com`, `User ${index}`, plan, trial, joined];
}

function integration(userId: string, random: Random, now: Date): Row {
  const provider = random.next() < 0.5 ? 'shopify' : 'wave';
  const status = random.next() < 0.7 ? 'connected' : 'disconnected';
  return [random.uuid(), userId, provider, status, ago(now, random.next() * DAYS)];
}

function workflow(made: Workflow | undefined, index: number, random: Random, now: Date): Row {
  const days = made?.isForgotten ? 366 + random.next() * 34 : random.next() * 365;
  const isEnabled = random.next() < 0.7;
  return [
    made?.id ?? '',
    made?.userId ?? '',
    `Workflow ${index}`,
    isEnabled,
    'active',
    ago(now, days),
  ];
}

/** Days ago: oldest first, as rows come in over the years, not quite in order. */
function age(index: number, count: number, random: Random): number {
  return DAYS * (1 - (index + random.next()) / count);
}

/** One that was in use at the time. */
function drawWorkflow(
  workflows: readonly Workflow[],
  days: number,
  random: Random,
): Workflow | undefined {
  for (;;) {
    const drawn = workflows[skewed(random, workflows.length)];
    if (drawn === undefined || !drawn.isForgotten || days >= 366) return drawn;
  }
}

function execution(workflows: readonly Workflow[], days: number, random: Random, now: Date): Row {
  const made = drawWorkflow(workflows, days, random);
  const durationMs = Math.round(50 + 20_000 * random.next() ** 4);
  const isRunning = days < 0.02 && random.next() < 0.5;
  const hasFailed = !isRunning && random.next() < 0.06;
  const isDangling = random.next() < 1 / 200;
  return [
    random.uuid(),
    isDangling ? random.uuid() : (made?.id ?? ''),
    made?.userId ?? '',
    isRunning ? 'running' : hasFailed ? 'failed' : 'completed',
    ago(now, days),
    isRunning ? null : ago(now, days - durationMs / DAY_MS),
    isRunning ? null : durationMs,
    hasFailed ? 'upstream answered 503' : null,
  ];
}

function event(users: readonly string[], days: number, random: Random, now: Date): Row {
  const userId = random.next() < 0.1 ? null : (users[skewed(random, users.length)] ?? null);
  const dice = random.next();
  const type = dice < 0.7 ? 'page_view' : dice < 0.95 ? 'workflow_executed' : 'error';
  const path = ['/', '/workflows', '/settings', '/billing'][random.below(4)] ?? '/';
  return [random.uuid(), userId, type, path, '{"source":"web"}', ago(now, days)];
}
