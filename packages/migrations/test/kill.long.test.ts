import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import { runCampaign } from './campaign.ts';
import { useFolder } from './folder.ts';
import { inSchema, runReplica } from './replica.ts';

const db = useDatabase();
const folder = useFolder();

const FILES = {
  '1_base.sql': `
    create function slow(a int) returns int language plpgsql immutable as $$ begin perform pg_sleep(0.006); return a; end $$;
    create table t (a int); insert into t select generate_series(1, 50);`,
  '2_mixed.sql': `
    insert into t values (1000);
    create index concurrently i on t (slow(a));
    create index k on t (a); insert into t values (2000);
    drop index concurrently k;
    create unique index concurrently j on t (a);
    alter table t add column b int; insert into t values (3000);`,
  '3_last.sql': 'create view v as select sum(a) as total, count(*) as rows from t;',
};

/** Everything that the files make, and the history. */
async function fingerprint(schema: string): Promise<unknown> {
  const { rows } = await db.pool().query(
    `select
       (select array_agg(c.relname || ':' || c.relkind::text || ':' || coalesce(i.indisvalid::text, '') order by c.relname)
        from pg_class c left join pg_index i on i.indexrelid = c.oid
        where c.relnamespace = $1::regnamespace) as relations,
       (select array_agg(version::text || ' ' || steps_done || '/' || step_count || ' ' || hash || (applied_at is not null)::text order by version) from ${schema}.migrations) as history,
       (select total::text || ' in ' || rows from ${schema}.v) as contents`,
    [schema],
  );
  return rows[0];
}

let calm: unknown;

/** The same after a run that nobody kills. */
async function undisturbed(): Promise<unknown> {
  if (calm === undefined) {
    await db.pool().query('create schema calm');
    await runReplica(inSchema(db.url, 'calm'), folder.path, 'calm');
    calm = await fingerprint('calm');
  }
  return calm;
}

// Killed at each event in turn, with a delay to come to lie inside the step as well.
const points = [
  ['step-started', 3, 150],
  ['step-finished', 3, 0],
  ['step-started', 5, 0],
] as const;

test.each(points)(
  'SIGKILL at %s number %i, %i ms later: the next up ends in the same state',
  { timeout: 120_000 },
  async (type, number, delayMs) => {
    await folder.write(FILES);
    const url = inSchema(db.url, db.schema);
    let seen = 0;
    const killed = await runReplica(url, folder.path, db.schema, (line, kill) => {
      if (line['type'] !== type) return;
      seen += 1;
      if (seen !== number) return;
      if (delayMs === 0) kill();
      else setTimeout(kill, delayMs);
    });
    expect(seen).toBeGreaterThanOrEqual(number);
    expect(killed.killed || killed.exitCode === 0).toBe(true);
    const next = await runReplica(url, folder.path, db.schema);
    expect(next.lines.find((line) => line['type'] === 'error')).toBeUndefined();
    expect(next.exitCode).toBe(0);
    expect(await fingerprint(db.schema)).toEqual(await undisturbed());
  },
);

// test/kill-campaign.ts does the same a hundred times.
test('SIGKILL at random points: what is there in the end is as if nobody had killed', {
  timeout: 120_000,
}, async () => {
  const seed = randomInt(2 ** 31);
  const report = await runCampaign({ url: db.url, folder: folder.path, kills: 6, seed });
  expect(report, `seed ${seed}`).toMatchObject({ kills: 6, faults: [] });
});
