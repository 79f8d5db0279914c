import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { toTable } from '../../src/archive/to-table.ts';
import { AT_ONCE, waitingFor } from '../expired-table.ts';
import { archivedRun, contents, expectExactHistory, makeRows } from './archived-run.ts';

const db = useDatabase();

describe('toTable', () => {
  test('makes the archive, moves the rows, and restores them', async () => {
    const pool = db.pool();
    await makeRows(pool, 25);
    await pool.query('update rows set at = now() where id > 20');
    const before = await contents(pool, 'rows');
    const cleanup = await archivedRun(pool, db.schema, toTable('"Old.rows"'), {
      cleanup: { pace: { ...AT_ONCE, maxBatch: 7 } },
    });
    const plan = await cleanup.plan();
    expect(plan.policies.rows.refusals).toEqual([]);
    expect(plan.policies.rows.warnings.join()).toContain('"Old.rows" is not there');
    expect(plan.policies.rows.sql?.act.text).toContain('-- insert into');
    const report = await cleanup.run();
    expect(report.policies.rows).toMatchObject({
      stopped: 'drained',
      deleted: 20,
      archived: 20,
      error: undefined,
    });
    expect(await contents(pool, 'rows')).toHaveLength(5);
    expect(await contents(pool, '(select id, note, at from "Old.rows")')).toHaveLength(20);
    await expectExactHistory(pool, db.schema);
    expect((await cleanup.plan()).policies.rows.sql?.act.text).toContain('insert into "');

    const restored = await cleanup.restore();
    expect(restored).toMatchObject({ ok: true, restored: 20, alreadyThere: 0, missing: 0 });
    expect(await contents(pool, 'rows')).toEqual(before);
    expect(await contents(pool, '"Old.rows"')).toEqual([]);
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 0, alreadyThere: 20 });
  });

  test('is refused without the table when it may not make it', async () => {
    const pool = db.pool();
    await makeRows(pool, 3);
    const target = toTable('old', { create: false });
    const cleanup = await archivedRun(pool, db.schema, target);
    const report = await cleanup.run();
    expect(report.policies.rows.stopped).toBe('refused');
    const [refusal] = report.policies.rows.refusals;
    expect(refusal?.code).toBe('archive');
    // What it says to run makes it right.
    await pool.query(refusal?.message.split('make it: ')[1] ?? '');
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 3 });
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 3 });
  });

  test('a role that may not make it is told so', async () => {
    const pool = db.pool();
    await makeRows(pool, 3);
    const role = `limited_${db.schema}`;
    const target = toTable('archive.old');
    const cleanup = await archivedRun(pool, db.schema, target);
    await pool.query(`
      create role ${role};
      grant usage on schema ${db.schema} to ${role};
      grant all on all tables in schema ${db.schema} to ${role}`);
    try {
      const limited = await archivedRun(
        db.pool({ options: `-c search_path=${db.schema} -c role=${role}` }),
        db.schema,
        target,
      );
      const { refusals } = (await limited.plan()).policies.rows;
      expect(refusals).toMatchObject([{ code: 'archive' }]);
      expect(refusals[0]?.message).toContain('"archive"."old" is not there, and this role');
    } finally {
      await pool.query(`drop owned by ${role}; drop role ${role}`);
    }
    // This one may.
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 3 });
    await pool.query('drop schema archive cascade');
  });

  test('names every column that does not fit', async () => {
    const pool = db.pool();
    await pool.query(`
      create table rows (
        id bigint primary key, name varchar(20), amount numeric(10, 4), state text,
        at timestamptz, made timestamptz(6)
      );
      insert into rows values (1, 'a', 1.2345, 'x', '2020-01-01', '2020-01-01');
      create table old (
        id int, name varchar(10), amount numeric(10, 2), at timestamptz, made timestamptz(3),
        reason text not null, since timestamptz not null default now()
      )`);
    const cleanup = await archivedRun(pool, db.schema, toTable('old'));
    const { refusals, warnings } = (await cleanup.plan()).policies.rows;
    const text = refusals.map(({ message }) => message).join('\n');
    expect(text).toContain('Column id of');
    expect(text).toContain('Column amount of');
    expect(text).toContain('Column made of');
    expect(text).not.toContain('Column name');
    expect(text).not.toContain('since');
    expect(text).toContain('must not be null: reason');
    expect(text).toContain(`alter table "${db.schema}"."old" add column "state" text`);
    expect(warnings.join()).toContain('lacks the columns archive_run_id');
    expect(await contents(pool, 'rows')).toHaveLength(1);
  });

  test('refuses the table itself, a view, and a name that is none', async () => {
    const pool = db.pool();
    await makeRows(pool, 1);
    await pool.query('create view seen as select * from rows');
    for (const [name, words] of [
      ['rows', 'is the table that the rows are in'],
      ['seen', 'is no table'],
    ] as const) {
      const cleanup = await archivedRun(pool, db.schema, toTable(name));
      const { refusals } = (await cleanup.plan()).policies.rows;
      expect(refusals.map(({ message }) => message).join()).toContain(words);
    }
    expect(() => toTable('a.b.c')).toThrow(/toTable: table: expected/);
    expect(() => toTable('x'.repeat(64))).toThrow(/at most 63 bytes/);
    expect(() => toTable('a', { make: true } as object)).toThrow(/make/);
  });

  test('works with a hand-made archive without columns of its own, which cannot be restored', async () => {
    const pool = db.pool();
    await makeRows(pool, 3);
    await pool.query('create table old (extra int, like rows including all)');
    const cleanup = await archivedRun(pool, db.schema, toTable('old'));
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 3 });
    expect(await contents(pool, '(select id from old)')).toEqual(['(1)', '(2)', '(3)']);
    await expect(cleanup.restore()).rejects.toThrow(/cannot be told/);
  });

  test('a trigger of the archive that leaves rows out loses nothing', async () => {
    const pool = db.pool();
    await makeRows(pool, 10);
    const cleanup = await archivedRun(pool, db.schema, toTable('old'));
    await pool.query(`
      create table old (
        id int, note text, at timestamptz,
        archive_run_id uuid, archive_seq bigint, archived_at timestamptz
      );
      create function leave_out() returns trigger language plpgsql
        as 'begin return case when new.id <> 4 then new end; end';
      create trigger leave_out before insert on old for each row execute function leave_out()`);
    const report = await cleanup.run();
    expect(report.policies.rows).toMatchObject({ stopped: 'failed', deleted: 0, archived: 0 });
    expect(report.policies.rows.error?.message).toContain('took 9 of 10 rows');
    expect(await contents(pool, 'rows')).toHaveLength(10);
    expect(await contents(pool, 'old')).toEqual([]);
  });

  test('a row that the archive refuses stays, and the rest goes', async () => {
    const pool = db.pool();
    await makeRows(pool, 50);
    const cleanup = await archivedRun(pool, db.schema, toTable('old'));
    await pool.query(`
      create table old (
        id int check (id <> 17), note text, at timestamptz,
        archive_run_id uuid, archive_seq bigint, archived_at timestamptz
      )`);
    const report = await cleanup.run();
    expect(report.policies.rows).toMatchObject({ stopped: 'blocked', deleted: 49, archived: 49 });
    expect(report.policies.rows.blocked).toMatchObject([{ key: { id: '17' }, code: '23514' }]);
    expect(await contents(pool, '(select id from rows)')).toEqual(['(17)']);
    await expectExactHistory(pool, db.schema);
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 49 });
  });

  test('a row that turns fresh while it is waited for is neither deleted nor archived', async () => {
    const pool = db.pool();
    await makeRows(pool, 20);
    const cleanup = await archivedRun(pool, db.schema, toTable('old'), {
      cleanup: { pace: { dutyCycle: 1, lockTimeout: '3s' } },
    });
    const other = await pool.connect();
    await other.query('begin');
    await other.query('update rows set at = now() where id = 5');
    const running = cleanup.run();
    await waitingFor(pool, 'ops_cleanup_picked');
    await other.query('commit');
    other.release();
    expect(await running).toMatchObject({ ok: true, deleted: 19 });
    expect(await contents(pool, '(select id from rows)')).toEqual(['(5)']);
    expect(await contents(pool, '(select id from old where id = 5)')).toEqual([]);
  });
});

describe('hostile names', () => {
  test('of schema, table, columns and archive', async () => {
    const pool = db.pool();
    await pool.query(`
      create schema "odd ""x"".y";
      create table "odd ""x"".y"."select" (
        "it's ""id""" int primary key, "ops_cleanup_row" text, "ctid?" text, "{}" jsonb, "at" timestamptz
      );
      insert into "odd ""x"".y"."select" values (1, '$1', e'\\\\', '{"a":"''"}', '2020-01-01')`);
    const name = '"odd ""x"".y"."select"';
    const before = await contents(pool, name);
    const cleanup = await archivedRun(pool, db.schema, toTable('"odd ""x"".y"."arch -- ive"'), {
      table: name,
    });
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 1 });
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 1 });
    expect(await contents(pool, name)).toEqual(before);
    await pool.query('drop schema "odd ""x"".y" cascade');
  });
});
