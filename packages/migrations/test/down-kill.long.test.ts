import { expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import { createMigrator, directory, type Migrator } from '../src/index.ts';
import { useFolder } from './folder.ts';
import { type Ended, inSchema, runReplica } from './replica.ts';
import { describeSchema } from './schema.ts';

const db = useDatabase();
const folder = useFolder();

const FILES = {
  '1_base.sql':
    'create table log (what text); create table t (a int); insert into t select generate_series(1, 50);\n-- stays',
  '2_mixed.sql': `
    -- ops: up
    create index concurrently i on t (a); create index concurrently k on t (a);
    alter table t add column b int;
    -- ops: down
    insert into log values ('first'); select pg_sleep(0.2);
    drop index concurrently i; drop index concurrently k;
    insert into log values ('last'); alter table t drop column b;`,
  '3_view.sql': '-- ops: up\ncreate view v as select a from t;\n-- ops: down\ndrop view v;',
};

type OnLine = NonNullable<Parameters<typeof runReplica>[3]>;

function run(onLine: OnLine = () => {}, ...more: string[]): Promise<Ended> {
  return runReplica(inSchema(db.url, db.schema), folder.path, db.schema, onLine, more);
}

function migrator(): Migrator {
  const connection = inSchema(db.url, db.schema);
  return createMigrator({
    connection,
    sources: [directory(folder.path)],
    history: { schema: db.schema },
  });
}

async function log(): Promise<unknown> {
  const { rows } = await db.pool().query('select what from log order by what');
  return rows.map(({ what }) => what as string);
}

// Killed at each event in turn, with a delay to come to lie inside the step as well.
const points = [
  ['step-started', 2, 50],
  ['step-finished', 2, 0],
  ['step-started', 3, 0],
  ['step-started', 4, 10],
  ['step-finished', 4, 0],
] as const;

test.each(points)(
  'SIGKILL at %s number %i, %i ms later: the next down goes on, and each step is done once',
  { timeout: 60_000 },
  async (type, number, delayMs) => {
    await folder.write({ '1_base.sql': FILES['1_base.sql'] });
    await migrator().up();
    const base = await describeSchema(db.pool(), db.schema);
    await folder.write(FILES);
    await migrator().up();
    const full = await describeSchema(db.pool(), db.schema);
    let seen = 0;
    const onLine: OnLine = (line, kill) => {
      if (line['type'] !== type) return;
      seen += 1;
      if (seen === number) setTimeout(kill, delayMs);
    };
    expect(await run(onLine, '1')).toMatchObject({ killed: true });
    expect(seen).toBeGreaterThanOrEqual(number);
    const next = await run(undefined, '1');
    expect(next.lines.find((line) => line['type'] === 'error')).toBeUndefined();
    expect(next.exitCode).toBe(0);
    expect(await describeSchema(db.pool(), db.schema)).toEqual(base);
    expect(await log()).toEqual(['first', 'last']);
    await migrator().up();
    expect(await describeSchema(db.pool(), db.schema)).toEqual(full);
  },
);

test('up and down from several processes at once: one after the other, never half', async () => {
  await folder.write(FILES);
  await migrator().up();
  const full = await describeSchema(db.pool(), db.schema);
  const ended = await Promise.all([run(undefined, '1'), run(), run(undefined, '1'), run()]);
  const errors = ended.flatMap(({ lines }) => lines.filter((line) => line['type'] === 'error'));
  // A down that waited behind an up which applied newer files refuses; nothing else may go wrong.
  expect(errors.filter(({ message }) => !String(message).includes('StalePlanError'))).toEqual([]);
  expect((await migrator().verify()).problems).toEqual([]);
  const rounds = (await log()) as string[];
  expect(rounds.filter((what) => what === 'first')).toHaveLength(rounds.length / 2);
  await migrator().up();
  expect(await describeSchema(db.pool(), db.schema)).toEqual(full);
});
