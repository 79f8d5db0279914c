import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { toFiles } from '../../src/archive/to-files.ts';
import { toTable } from '../../src/archive/to-table.ts';
import type { ArchiveTarget } from '../../src/batch/action.ts';
import { AT_ONCE, waitingFor } from '../expired-table.ts';
import { archivedRun, contents, expectExactHistory, temporaryDirectory } from './archived-run.ts';

const db = useDatabase();

const TABLES = ['rows', 'steps', 'logs', 'links'];

/** rows → steps → logs, and links that reference two rows and a step; all cascade. */
async function makeFamily(pool: pg.Pool, count: number): Promise<void> {
  await pool.query(`
    create table rows (id int primary key, at timestamptz not null default '2020-01-01');
    create table steps (
      row_id int references rows on delete cascade, number int, note text,
      primary key (row_id, number)
    );
    create table logs (
      id int generated always as identity primary key,
      row_id int, number int, line text,
      foreign key (row_id, number) references steps on delete cascade
    );
    create table links (
      a int references rows on delete cascade, b int references rows on delete cascade,
      row_id int, number int,
      foreign key (row_id, number) references steps on delete cascade
    );
    create index on rows (at);
    create index on logs (row_id, number);
    create index on links (a);
    create index on links (b);
    create index on links (row_id, number);
    insert into rows select n from generate_series(1, ${count}) n;
    insert into steps select n, s, 'step ' || s from generate_series(1, ${count}) n, generate_series(1, 3) s;
    insert into logs (row_id, number, line) select row_id, number, 'done' from steps, generate_series(1, 2);
    insert into links select n, n, n, 1 from generate_series(1, ${count}) n;
    insert into links select n, n + 1, n, 2 from generate_series(1, ${count} - 1) n`);
}

async function all(pool: pg.Pool): Promise<Record<string, readonly string[]>> {
  const tables: Record<string, readonly string[]> = {};
  for (const table of TABLES) tables[table] = await contents(pool, table);
  return tables;
}

const TARGETS: readonly (readonly [string, () => Promise<ArchiveTarget>])[] = [
  ['tables', () => Promise.resolve(toTable('old'))],
  ['files', async () => toFiles({ directory: await temporaryDirectory() })],
];

describe.each(TARGETS)('children, archived to %s', (_, target) => {
  test('go along to any depth, each row once, and come back', async () => {
    const pool = db.pool();
    await makeFamily(pool, 20);
    const before = await all(pool);
    const cleanup = await archivedRun(pool, db.schema, await target(), {
      cleanup: { pace: { ...AT_ONCE, maxBatch: 7 } },
    });
    const report = await cleanup.run();
    const count = Object.values(before).flat().length;
    expect(report.policies.rows).toMatchObject({
      stopped: 'drained',
      refusals: [],
      deleted: 20,
      archived: count,
    });
    expect(await all(pool)).toEqual({ rows: [], steps: [], logs: [], links: [] });
    await expectExactHistory(pool, db.schema);
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: count, error: undefined });
    expect(await all(pool)).toEqual(before);
    // Links have no key, so only the manifest knows that they are there.
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 0, alreadyThere: count });
    expect(await all(pool)).toEqual(before);
  });

  test('a grandchild that is added while the batch waits is archived, too', async () => {
    const pool = db.pool();
    await makeFamily(pool, 1);
    const cleanup = await archivedRun(pool, db.schema, await target(), {
      cleanup: { pace: { dutyCycle: 1, lockTimeout: '3s' } },
    });
    const other = await pool.connect();
    await other.query('begin');
    await other.query(`insert into logs (row_id, number, line) values (1, 1, 'late')`);
    const running = cleanup.run();
    await Promise.race([waitingFor(pool, 'ops_cleanup_child'), running]);
    await other.query('commit');
    other.release();
    const report = await running;
    expect(report.policies.rows).toMatchObject({ stopped: 'drained', deleted: 1 });
    expect(await all(pool)).toEqual({ rows: [], steps: [], logs: [], links: [] });
    await cleanup.restore();
    expect(await contents(pool, `(select line from logs where line = 'late')`)).toHaveLength(1);
  });

  test('partitions whose children differ', async () => {
    const pool = db.pool();
    await pool.query(`
      create table rows (id int, at timestamptz, primary key (id, at)) partition by range (at);
      create table rows_2019 partition of rows for values from ('2019-01-01') to ('2020-01-01');
      create table rows_2020 (at timestamptz not null, id int not null);
      alter table rows attach partition rows_2020 for values from ('2020-01-01') to ('2021-01-01');
      create index on rows (at);
      alter table rows_2020 add unique (id);
      create table notes (id int primary key, row_id int references rows_2020 (id) on delete cascade);
      create index on notes (row_id);
      create table tags (id int, at timestamptz, tag text, foreign key (id, at) references rows on delete cascade);
      create index on tags (id, at);
      insert into rows values (1, '2019-06-01'), (2, '2020-06-01'), (1, '2020-07-01');
      insert into notes values (10, 1), (20, 2);
      insert into tags select id, at, 'red' from rows`);
    const tables = ['rows', 'notes', 'tags'];
    const before = await Promise.all(tables.map((table) => contents(pool, table)));
    const cleanup = await archivedRun(pool, db.schema, await target());
    const report = await cleanup.run();
    expect(report.policies.rows).toMatchObject({ refusals: [], deleted: 3, archived: 8 });
    expect(await cleanup.restore()).toMatchObject({ error: undefined, ok: true, restored: 8 });
    expect(await Promise.all(tables.map((table) => contents(pool, table)))).toEqual(before);
  });
});

describe('names of the archives of children', () => {
  test('are the archive and the child, unless given', async () => {
    const pool = db.pool();
    await makeFamily(pool, 2);
    const cleanup = await archivedRun(
      pool,
      db.schema,
      toTable(`${db.schema}.old`, {
        children: { steps: 'old_pieces', [`${db.schema}.logs`]: 'l' },
      }),
    );
    expect(await cleanup.run()).toMatchObject({ ok: true });
    expect(await contents(pool, 'old_pieces')).toHaveLength(6);
    expect(await contents(pool, 'l')).toHaveLength(12);
    expect(await contents(pool, 'old_links')).toHaveLength(3);
  });

  test('that clash, are too long, or are of no child, are refused', async () => {
    const pool = db.pool();
    await makeFamily(pool, 1);
    const refused = async (target: ArchiveTarget): Promise<string> => {
      const cleanup = await archivedRun(pool, db.schema, target);
      const { refusals } = (await cleanup.plan()).policies.rows;
      return refusals.map(({ message }) => message).join('\n');
    };
    expect(await refused(toTable('old', { children: { steps: 'old' } }))).toContain(
      'would both go',
    );
    expect(await refused(toTable('o'.repeat(60)))).toContain('longer than 63 bytes');
    expect(await refused(toTable('old', { children: { step: 'x' } }))).toContain(
      'No rows of "step"',
    );
  });

  test('row security on a child is refused', async () => {
    const pool = db.pool();
    await makeFamily(pool, 1);
    const role = `hidden_${db.schema}`;
    await archivedRun(pool, db.schema, toTable('old'));
    await pool.query(`
      alter table steps enable row level security;
      create role ${role};
      grant all on schema ${db.schema} to ${role};
      grant all on all tables in schema ${db.schema} to ${role}`);
    try {
      const limited = await archivedRun(
        db.pool({ options: `-c search_path=${db.schema} -c role=${role}` }),
        db.schema,
        toTable('old'),
      );
      const { refusals } = (await limited.plan()).policies.rows;
      expect(refusals.map(({ message }) => message).join()).toContain('Row security is active on');
    } finally {
      await pool.query(`drop owned by ${role}; drop role ${role}`);
    }
  });
});

test('a row that references another of its table comes back after it', async () => {
  const pool = db.pool();
  await pool.query(`
    create table rows (id int primary key, previous int references rows, at timestamptz default '2020-01-01');
    create index on rows (previous);
    create index on rows (at);
    insert into rows select n, nullif(n - 1, 0) from generate_series(1, 9) n`);
  const before = await contents(pool, 'rows');
  const directory = await temporaryDirectory();
  const cleanup = await archivedRun(pool, db.schema, toFiles({ directory }), {
    cleanup: { pace: { ...AT_ONCE, maxBatch: 2 } },
  });
  for (let time = 0; time < 9 && (await contents(pool, 'rows')).length > 0; time += 1) {
    await cleanup.run();
  }
  const { rows: runs } = await pool.query<{ id: string }>(
    `select id::text as id from ${db.schema}.runs run
     where exists (select from ${db.schema}.manifest where run_id = run.id)
     order by started_at desc`,
  );
  for (const { id } of runs) expect(await cleanup.restore({}, id)).toMatchObject({ ok: true });
  expect(await contents(pool, 'rows')).toEqual(before);
});
