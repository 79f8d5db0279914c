/*
 * The application: writes, reads, and changes of expired rows, at fixed mean rates. An open loop:
 * what comes late because the server or a connection was busy counts from when it was due, or a
 * stall would hide all requests but one behind it.
 */
import pg from 'pg';
import { createRandom } from '../random.ts';

/** What the parent is told at the end: latencies in milliseconds, by phase and kind. */
export type LoadResult = Record<string, Record<string, number[]>>;

const [url = '', rowsText = '0', expired = 'started_at', withoutSteps = 'false'] =
  process.argv.slice(2);
const rows = Number(rowsText);
const random = createRandom(7);
const pool = new pg.Pool({ connectionString: url, max: 24, application_name: 'bench-load' });
const result: LoadResult = {};
let phase = 'before';
let isOver = false;
const pending = new Set<Promise<void>>();

const anyRow = (): number => 1 + Math.floor(random() * rows);
/** A row of the expired set. */
const expiredRow = (): number =>
  expired === 'started_at'
    ? 1 + Math.floor((random() * rows) / 2)
    : 2 * Math.ceil((random() * rows) / 2);
/** A row that stays. */
const liveRow = (): number =>
  expired === 'started_at'
    ? Math.ceil(rows / 2) + 1 + Math.floor((random() * rows) / 2)
    : anyRow() | 1;

const STEPS = `, steps as (
        insert into execution_steps (execution_id, name, took_ms, finished_at)
        select id, 'step', 1, now() from new, generate_series(1, 2)
      )`;

const kinds = {
  write: {
    perSecond: 120,
    text: `with new as (
        insert into workflow_executions (workflow_id, status, started_at, expires_at, payload)
        values ($1, 'running', now(), now() + interval '100 days', $3)
        returning id
      )${withoutSteps === 'true' ? '' : STEPS}
      update workflow_executions set status = 'completed', touched = touched + 1 where id = $2`,
    values: () => [
      Math.floor(random() * 1024),
      liveRow(),
      JSON.stringify({ note: 'x'.repeat(240) }),
    ],
  },
  read: {
    perSecond: 120,
    text: `select id, status, started_at from workflow_executions
      where workflow_id = $1 order by started_at desc limit 20`,
    values: () => [Math.floor(random() * 1024)],
  },
  touch: {
    perSecond: 25,
    text: 'update workflow_executions set touched = touched + 1 where id = $1',
    values: () => [expiredRow()],
  },
} as const;

async function once(name: keyof typeof kinds, dueAt: number): Promise<void> {
  const of = phase;
  const { text, values } = kinds[name];
  await pool.query({ name, text, values: values() });
  const times = ((result[of] ??= {})[name] ??= []);
  times.push(performance.now() - dueAt);
}

function keepUp(name: keyof typeof kinds): void {
  let dueAt = performance.now();
  const tick = (): void => {
    if (isOver) return;
    for (; dueAt <= performance.now(); ) {
      const work = once(name, dueAt);
      pending.add(work);
      void work.finally(() => pending.delete(work));
      dueAt += (-Math.log(1 - random()) * 1000) / kinds[name].perSecond;
    }
    setTimeout(tick, Math.max(1, dueAt - performance.now()));
  };
  tick();
}

process.on('message', (message: { readonly phase?: string }) => {
  if (message.phase === undefined) void end();
  else phase = message.phase;
});
process.once('disconnect', () => process.exit());

async function end(): Promise<void> {
  isOver = true;
  await Promise.all(pending);
  await pool.end();
  process.send?.(result, () => process.disconnect());
}

await Promise.all(Array.from({ length: 24 }, () => pool.query('select pg_sleep(0.05)')));
for (const name of Object.keys(kinds) as (keyof typeof kinds)[]) keepUp(name);
process.send?.('ready');
