import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { codeFile } from './code-file.ts';
import { inSchema, runReplica } from './replica.ts';

/** What a campaign is made of. */
export interface CampaignOptions {
  readonly url: string;
  /** Where to put the files. */
  readonly folder: string;
  /** How many processes to kill. */
  readonly kills: number;
  /** The same seed gives the same delays. */
  readonly seed: number;
  readonly log?: ((line: string) => void) | undefined;
}

/** How a campaign went. */
export interface CampaignReport {
  readonly kills: number;
  /** Schemas that were brought to their end. */
  readonly rounds: number;
  /** How often each kind of step was running when its process was killed. */
  readonly killedIn: Readonly<Record<string, number>>;
  /** What differed from an undisturbed run, or failed. Empty when all is well. */
  readonly faults: readonly string[];
}

/** Steps of every kind; what must not happen twice adds to something. */
const FILES: Readonly<Record<string, string>> = {
  '100_base.sql': `
    create function slow(a int) returns int language plpgsql immutable as $$ begin if a % 40 = 0 then perform pg_sleep(0.04); end if; return a; end $$;
    create table t (id int primary key, n int not null default 0); insert into t select generate_series(1, 400);
    create table log (id int generated always as identity, what text); insert into log (what) values ('base');
    create procedure commits() language plpgsql as $$ begin delete from log where what = 'called'; insert into log (what) values ('called'); commit; perform pg_sleep(0.02); end $$;`,
  ...Object.fromEntries(
    Array.from({ length: 20 }, (_, at) => [
      `${200 + at}_small.sql`,
      `create table small_${at} (n int); insert into log (what) values ('small ${at}'); select pg_sleep(0.01);`,
    ]),
  ),
  '300_slow.sql':
    "insert into log (what) values ('slow'); select pg_sleep(0.3); update t set n = n + 1;",
  '301_index.sql': `
    insert into log (what) values ('before index');
    create index concurrently i on t (slow(id));
    create unique index concurrently j on t (id, n); insert into log (what) values ('after index');
    drop index concurrently j;
    reindex index concurrently i;`,
  '302_fill.ts': codeFile(
    "{ up: backfill({ table: 't', key: 'id', set: 'n = n + 1', batch: 40, pause: '2ms' }) }",
  ),
  '303_code.ts': codeFile(`{ steps: [
    async ({ query }) => { await query("insert into log (what) values ('code')"); await query('select pg_sleep(0.02)'); },
    async ({ query }) => { await query('update t set n = n + 1'); },
  ] }`),
  '304_alone.ts': codeFile(`{ transaction: false, up: async ({ query }) => {
    await query('create table if not exists alone (n int primary key)');
    await query('select pg_sleep(0.02)');
    await query('insert into alone values (1) on conflict do nothing');
  } }`),
  '305_call.sql': "call commits(); insert into log (what) values ('end');",
};

/** The delay of a kill is random within this time after a process has begun to work. */
const LONGEST_MS = 1_000;

/** Then a process may get through, so that the first steps have their share. */
const KILLS_A_ROUND = 6;

/**
 * Applies all files again and again in fresh schemas, each time by processes that are killed with
 * SIGKILL after a random time, until one gets through; then compares schema, contents and history
 * with an undisturbed run.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { url, folder, seed, log = () => {} } = options;
  const random = generator(seed);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const report = {
    kills: 0,
    rounds: 0,
    killedIn: {} as Record<string, number>,
    faults: [] as string[],
  };
  try {
    const calm = await applyIn(client, 'campaign_calm', options, () => undefined, report);
    while (report.kills < options.kills && report.faults.length === 0) {
      report.rounds += 1;
      const schema = `campaign_${report.rounds}`;
      const last = Math.min(options.kills, report.kills + KILLS_A_ROUND);
      const delay = (): number | undefined =>
        report.kills < last ? random() * LONGEST_MS : undefined;
      const found = await applyIn(client, schema, options, delay, report);
      if (found !== calm)
        report.faults.push(`${schema}\n  is        ${found}\n  should be ${calm}`);
      log(`${report.kills} killed, ${report.rounds} rounds`);
    }
    return report;
  } finally {
    await client.end();
  }
}

/** Applies the files by as many processes as it takes. Gives a fingerprint of what is there then. */
async function applyIn(
  client: pg.Client,
  schema: string,
  { url, folder }: CampaignOptions,
  delay: () => number | undefined,
  report: { kills: number; readonly killedIn: Record<string, number>; readonly faults: string[] },
): Promise<string> {
  await client.query(`create schema ${schema}`);
  for (;;) {
    const delayMs = delay();
    let timer: NodeJS.Timeout | undefined;
    let running = 'none';
    const ended = await runReplica(inSchema(url, schema), folder, schema, (line, kill) => {
      // Not while it waits until the server has noticed the death of the one before.
      if (delayMs !== undefined && line['type'] === 'locked') timer = setTimeout(kill, delayMs);
      if (line['type'] === 'step-started') running = (line['step'] as { kind: string }).kind;
      if (line['type'] === 'step-finished') running = 'none';
    });
    clearTimeout(timer);
    if (ended.killed) {
      report.kills += 1;
      report.killedIn[running] = (report.killedIn[running] ?? 0) + 1;
      continue;
    }
    const error = ended.lines.find(({ type }) => type === 'error');
    if (error !== undefined) report.faults.push(`${schema}: ${String(error['message'])}`);
    return error === undefined ? fingerprint(client, schema) : 'failed';
  }
}

/** Everything that the files make, and the history. */
async function fingerprint(client: pg.Client, schema: string): Promise<string> {
  const { rows } = await client.query<Record<string, string>>(
    `select
       (select string_agg(c.relname || ':' || c.relkind::text || ':' || coalesce(i.indisvalid::text, ''), ' ' order by c.relname collate "C")
        from pg_class c left join pg_index i on i.indexrelid = c.oid
        where c.relnamespace = $1::regnamespace) as relations,
       (select string_agg(concat_ws(' ', version, name, hash, steps_done, step_count, steps_hash, step_running, is_reverting, position, applied_at is not null), ', ' order by version)
        from ${schema}.migrations) as history,
       (select string_agg(what, ',' order by what) from ${schema}.log) as log,
       (select concat(min(n), ' to ', max(n), ' in ', count(*)) from ${schema}.t) as numbers,
       (select sum(n) from ${schema}.alone) as alone`,
    [schema],
  );
  return JSON.stringify(rows[0]);
}

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
