import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { addJobs, jobSum } from './jobs-tables.ts';
import type { Random } from './random.ts';

/** Sessions that work on the rows while they are cleaned up. */
interface Application {
  /** How often each thing was done. */
  readonly done: Readonly<Record<string, number>>;
  /** Lets what is under way end. Rejects when a session failed in a way that no fault explains. */
  stop(): Promise<void>;
}

/** One transaction on one row that may be due. Counts when it says so. */
type Deed = (client: pg.Client, id: string) => Promise<boolean>;

/** Saves a row by a change of its own, and writes that down with it. */
function saves(why: string, change: string): Deed {
  return async (client, id) => {
    const { rowCount } = await client.query(
      `with saved as (
         update jobs set ${change} where id = $1 returning *
       ), told as (
         update truth set sum = ${jobSum('saved')} from saved where truth.id = saved.id
       )
       insert into kept select id, $2 from saved on conflict (id, why) do update set why = $2`,
      [id, why],
    );
    return rowCount === 1;
  };
}

async function hold(client: pg.Client, id: string): Promise<boolean> {
  await client.query('begin');
  const text = 'insert into legal_holds (job_id) values ($1) returning id';
  const { rows } = await client.query<{ id: string }>(text, [id]);
  // While this transaction has the table of holds, no batch is under way: a row that is there stays.
  const { rowCount } = await client.query(
    `insert into kept select id, 'hold ' || $2::text from jobs where id = $1`,
    [id, rows[0]?.id],
  );
  await client.query('commit');
  return rowCount === 1;
}

/** Of a row that is held, whichever. */
async function release(client: pg.Client): Promise<boolean> {
  const { rowCount } = await client.query(
    `with released as (
       update legal_holds set released_at = now()
       where id = (
         select id from legal_holds where released_at is null order by random() limit 1 for update skip locked
       )
       returning id
     )
     delete from kept using released where why = 'hold ' || released.id`,
  );
  return (rowCount ?? 0) > 0;
}

async function touch(client: pg.Client, id: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `with saved as (update jobs set touched = touched + 1 where id = $1 returning *)
     update truth set sum = ${jobSum('saved')} from saved where truth.id = saved.id`,
    [id],
  );
  return rowCount === 1;
}

async function saveAndRollBack(client: pg.Client, id: string): Promise<boolean> {
  await client.query('begin');
  const { rowCount } = await client.query('update jobs set started_at = now() where id = $1', [id]);
  await sleep(5);
  await client.query('rollback');
  return rowCount === 1;
}

async function addStep(client: pg.Client, id: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `with new as (
       insert into steps (job_id, payload) values ($1, 'another step of ' || $1::bigint) returning *
     )
     insert into truth_steps select step_no, job_id, step_sum(step_no, job_id, payload) from new`,
    [id],
  );
  return rowCount === 1;
}

async function addJob(client: pg.Client): Promise<boolean> {
  await addJobs(client, 1, 4);
  return true;
}

const DEEDS: Readonly<Record<string, Deed>> = {
  'cut-off': saves('cut-off', 'started_at = now()'),
  status: saves('status', `status = 'running'`),
  tenant: saves('tenant', 'tenant = 0'),
  hold,
  release,
  touch,
  "save, and change one's mind": saveAndRollBack,
  'add a step': addStep,
  'add a job': addJob,
};

/** A foreign key that finds no job any more; a deadlock or lock timeout; a server that is gone. */
const EXPECTED = /^(?:23503|40P01|55P03|57P0\d|08\w{3}|E\w+)$/;

/** Starts `sessions` of them. The first hundred jobs in the order of the walk are where they meet the cleanup. */
export function startApplication(url: string, sessions: number, random: Random): Application {
  const done: Record<string, number> = {};
  const failures: unknown[] = [];
  const over = new AbortController();
  const names = Object.keys(DEEDS);

  async function work(client: pg.Client): Promise<void> {
    while (!over.signal.aborted) {
      const { rows } = await client.query<{ id: string }>(
        `select id::text as id from jobs
         where started_at < now() - interval '90 days'
           and not exists (select from kept where kept.id = jobs.id)
         order by started_at
         offset $1 limit 1`,
        [random.below(100)],
      );
      const name = random.pick(names);
      const id = rows[0]?.id;
      if (id !== undefined && (await DEEDS[name]?.(client, id))) done[name] = (done[name] ?? 0) + 1;
      await sleep(random.below(12));
    }
  }

  async function session(): Promise<void> {
    while (!over.signal.aborted) {
      const client = new pg.Client({ connectionString: url, application_name: 'application' });
      client.on('error', () => {});
      try {
        await client.connect();
        await work(client);
      } catch (error) {
        if (!isExpected(error)) failures.push(error);
        await sleep(20);
      } finally {
        await client.end().catch(() => {});
      }
    }
  }

  const all = Array.from({ length: sessions }, session);
  return {
    done,
    async stop() {
      over.abort();
      await Promise.all(all);
      if (failures.length > 0) throw new AggregateError(failures, 'the application failed');
    },
  };
}

function isExpected(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return (
    /Connection terminated|connection error/.test(error.message) ||
    (typeof code === 'string' && EXPECTED.test(code))
  );
}
