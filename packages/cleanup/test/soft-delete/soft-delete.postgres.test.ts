import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { type CleanupPolicy, createCleanup, sql } from '../../src/index.ts';
import { lastRun, MARKED, makeWorkflows, snapshot, undo, workflowsCleanup } from './workflows.ts';

const db = useDatabase();

describe('a soft delete', () => {
  test('marks all rows of a run with the same instant, and undo gives back exactly what they held', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 1_200, 5);
    await pool.query(`
      update workflows set enabled = false, status = null where id = 3;
      update workflows set deleted_at = now() - interval '5 days', enabled = false, status = 'archived' where id = 7`);
    const before = await snapshot(pool);
    const cleanup = workflowsCleanup(pool, db.schema);
    const plan = (await cleanup.plan()).policies.it;
    expect(plan.refusals).toEqual([]);
    expect(plan.sql?.act.text).toContain('update only');
    const { runId = '', policies } = await cleanup.run();
    expect(runId).toBe(await lastRun(pool));
    expect(policies.it).toMatchObject({
      stopped: 'drained',
      softDeleted: 1_199,
      deleted: 0,
      purged: 0,
    });
    const { rows } = await pool.query(
      `select count(*)::int as count, count(distinct deleted_at)::int as instants,
         bool_and(not enabled and status = 'archived') as are_set
       from workflows where deleted_at > now() - interval '1 day'`,
    );
    expect(rows).toEqual([{ count: 1_199, instants: 1, are_set: true }]);

    const undone = await cleanup.undo(runId);
    expect(undone).toMatchObject({
      ok: true,
      undone: 1_199,
      changedSince: 0,
      alreadyPurged: 0,
      blockedCount: 0,
      policies: { it: { undone: 1_199, problem: null } },
    });
    expect(await snapshot(pool)).toEqual(before);
    expect(await undo(pool, db.schema, await lastRun(pool))).toMatchObject({
      ok: true,
      undone: 0,
      undoneBefore: 1_199,
    });
    expect(await snapshot(pool)).toEqual(before);
  });

  test('is undone row by row: what the application has changed, deleted or undeleted stays as it is', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 6);
    await workflowsCleanup(pool, db.schema).run();
    await pool.query(`
      update workflows set status = 'revived' where id = 1;
      update workflows set deleted_at = null where id = 2;
      delete from workflows where id = 3;
      update workflows set used_at = now() where id = 4`);
    expect(await undo(pool, db.schema, await lastRun(pool))).toMatchObject({
      ok: true,
      undone: 3,
      changedSince: 2,
      alreadyPurged: 1,
    });
    const { rows } = await pool.query(
      'select id, enabled, status, deleted_at is null as is_back from workflows order by id',
    );
    expect(rows).toEqual([
      { id: 1, enabled: false, status: 'revived', is_back: false },
      { id: 2, enabled: false, status: 'archived', is_back: true },
      { id: 4, enabled: true, status: 'live', is_back: true },
      { id: 5, enabled: true, status: 'live', is_back: true },
      { id: 6, enabled: true, status: 'live', is_back: true },
    ]);
  });

  test('of one run is not undone with another, nor with what somebody else has marked', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 3);
    await pool.query(`update workflows set used_at = now() where id > 1`);
    await workflowsCleanup(pool, db.schema).run();
    const first = await lastRun(pool);
    await pool.query(`update workflows set used_at = now() - interval '400 days' where id = 2;
      update workflows set enabled = false, status = 'archived', deleted_at = now() where id = 3`);
    await workflowsCleanup(pool, db.schema).run();
    expect(await lastRun(pool)).not.toBe(first);
    expect(await undo(pool, db.schema, first)).toMatchObject({ undone: 1 });
    const { rows } = await pool.query(
      'select id from workflows where deleted_at is not null order by id',
    );
    expect(rows).toEqual([{ id: 2 }, { id: 3 }]);
  });

  test('is purged after its time and not before, and undone before and not after', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 4);
    const cleanup = workflowsCleanup(pool, db.schema);
    await cleanup.run();
    const run = await lastRun(pool);
    expect((await cleanup.run()).policies.it).toMatchObject({ purged: 0, softDeleted: 0 });
    // As if 30 days had passed, but for a moment.
    const age = async (by: string): Promise<void> => {
      await pool.query(`
        begin;
        set local timezone = 'UTC';
        update workflows set deleted_at = deleted_at - interval '${by}' where deleted_at is not null;
        update runs set started_at = started_at - interval '${by}';
        update soft_deleted set
          undo_until = undo_until - interval '${by}',
          after = after || jsonb_build_object('deleted_at',
            ((after ->> 'deleted_at')::timestamptz - interval '${by}')::text);
        commit`);
    };
    await age('29 days 23 hours');
    expect((await cleanup.run()).policies.it).toMatchObject({ purged: 0 });
    await age('2 hours');
    expect(await undo(pool, db.schema, run)).toMatchObject({ ok: true, undone: 0, tooLate: 4 });
    expect((await cleanup.run()).policies.it).toMatchObject({ purged: 4, deleted: 4 });
    expect(await undo(pool, db.schema, run)).toMatchObject({ ok: true, alreadyPurged: 4 });
    expect(await snapshot(pool)).toEqual([]);
  });

  test('is not taken from a mark of somebody else: what the application or another policy marked is not purged', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 8);
    // The application deletes in the same columns, and what it did is the policy's condition no more.
    await pool.query(`
      alter table workflows alter deleted_at type timestamptz(3);
      update workflows set enabled = false, status = 'archived', deleted_at = now() - interval '90 days'
      where id in (7, 8)`);
    const of = (remainder: number, status: string, purgeAfter: '30d' | '60d'): CleanupPolicy => ({
      table: 'workflows',
      olderThan: { column: 'used_at', age: '365d' },
      where: sql`id % 2 = ${remainder}`,
      softDelete: { set: { enabled: false, status }, at: 'deleted_at', purgeAfter },
      safety: { maxShare: 1 },
    });
    const cleanupOf = (even: CleanupPolicy, odd: CleanupPolicy) =>
      createCleanup({ pool, history: { schema: db.schema }, policies: { even, odd } });
    // What they mark in one run has one time.
    const alike = cleanupOf(of(0, 'archived', '30d'), of(1, 'archived', '60d'));
    for (const { refusals } of Object.values((await alike.plan()).policies)) {
      expect(refusals).toEqual([
        { code: 'statement', message: expect.stringContaining("one would purge the other's") },
      ]);
    }
    const cleanup = cleanupOf(of(0, 'archived', '30d'), of(1, 'shelved', '60d'));
    expect(await cleanup.run()).toMatchObject({
      policies: { even: { softDeleted: 3, purged: 0 }, odd: { softDeleted: 3, purged: 0 } },
    });
    await pool.query(`
      update workflows set deleted_at = deleted_at - interval '31 days' where deleted_at is not null;
      update soft_deleted set undo_until = undo_until - interval '31 days';
      update runs set started_at = started_at - interval '31 days'`);
    expect((await cleanup.plan()).policies.even.purgeable).toEqual({ count: 3, isExact: true });
    expect(await cleanup.run()).toMatchObject({
      policies: { even: { purged: 3, stopped: 'drained' }, odd: { purged: 0, stopped: 'drained' } },
    });
    const left = await pool.query<{ id: number }>('select id from workflows order by id');
    expect(left.rows.map(({ id }) => id)).toEqual([1, 3, 5, 7, 8]);
  });

  test('may be taken back as long as was said when it was made, although purgeAfter is shorter now', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 3);
    const of = (purgeAfter: '30d' | '1h') => ({ softDelete: { ...MARKED, purgeAfter } });
    const { runId = '' } = await workflowsCleanup(pool, db.schema, of('30d')).run();
    await pool.query(`
      begin;
      set local timezone = 'UTC';
      update workflows set deleted_at = deleted_at - interval '2 days';
      update runs set started_at = started_at - interval '2 days';
      update soft_deleted set
        undo_until = undo_until - interval '2 days',
        after = after || jsonb_build_object('deleted_at',
          ((after ->> 'deleted_at')::timestamptz - interval '2 days')::text);
      commit`);
    const shorter = workflowsCleanup(pool, db.schema, of('1h'));
    expect((await shorter.run()).policies.it).toMatchObject({ purged: 0, stopped: 'drained' });
    expect(await shorter.undo(runId)).toMatchObject({ ok: true, undone: 3 });
    expect(await snapshot(pool)).toHaveLength(3);
  });

  test('gives every type back exactly, on composite keys and partitions, rounded and touched by triggers', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 0);
    await pool.query(`
      create type mood as enum ('sad', 'so-so "ok"');
      create type pair as (a int, b text);
      create domain code as char(5);
      create table things (
        id bigint, part text, used_at timestamptz not null, gone timestamptz(0),
        i8 int8, num numeric(30, 10), f8 float8, f4 float4, b bytea, j json, jb jsonb, m mood, p pair,
        arr text[], r tstzrange, iv interval, d date, pt point, x xml, c code, bits bit varying(9), ts timestamp,
        primary key (id, part)
      ) partition by list (part);
      create table things_a partition of things for values in ('a');
      create table things_b (dropped int, like things including all);
      alter table things_b drop column dropped;
      alter table things attach partition things_b for values in ('b');
      create function upcase() returns trigger language plpgsql as
        $$ begin new.arr := array['by trigger']; return new; end $$;
      create trigger upcase before update on things for each row when (new.gone is not null) execute function upcase();
      insert into things
      select n, case when n % 2 = 0 then 'a' else 'b' end, now() - interval '2 years', null,
        9223372036854775807, 'NaN', 'Infinity', 1.1, '\\x00ff', '{"a":  1, "a": "\\u0041"}', '{"k": [1, null]}',
        'so-so "ok"', '(1,"x,""y")', array['a', null, 'b"\\c'], tstzrange('-infinity', now()), '-1 mons +2 days -03:04:05.000006',
        '0044-03-15 BC', '(1.5,-0)', '<a>b</a>', 'ab', B'101', 'infinity'
      from generate_series(1, 4) n;
      update things set i8 = null, j = null, arr = null, c = null, x = null where id = 2;`);
    const columns = `id::text, part, gone::text, i8::text, num::text, f8::text, f4::text, b::text, j::text, jb::text, m::text, p::text, arr::text, r::text, iv::text, d::text, pt::text, x::text, c::text, bits::text, ts::text`;
    const all = async (): Promise<readonly unknown[]> =>
      (await pool.query(`select ${columns} from things order by id`)).rows;
    const before = await all();
    const cleanup = workflowsCleanup(pool, db.schema, {
      table: 'things',
      softDelete: {
        at: 'gone',
        purgeAfter: '1d',
        set: {
          i8: 1,
          num: 0.1,
          f8: null,
          f4: 0.3,
          b: '\\x01',
          j: '{}',
          jb: '"s"',
          pt: '(0,0)',
          x: '<z/>',
          m: 'sad',
          p: '(2,)',
          arr: '{mine}',
          r: 'empty',
          iv: '1 day',
          d: 'infinity',
          c: 'zzzzz',
          bits: '1',
          ts: null,
        },
      },
    });
    const report = (await cleanup.run()).policies.it;
    expect(report).toMatchObject({ refusals: [], softDeleted: 4, stopped: 'drained' });
    const marked = await all();
    expect(marked).not.toEqual(before);
    expect(await undo(pool, db.schema, await lastRun(pool))).toMatchObject({
      ok: true,
      undone: 4,
      changedSince: 0,
    });
    expect(await all()).toEqual(before);
  });

  test('that cannot be given back is named: locked, a unique value taken meanwhile, kept by a trigger', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 40);
    await pool.query(`
      create unique index one_live on workflows (status) where deleted_at is null and status like 'u%';
      update workflows set status = 'u' || id where id = 5;
      create function keeps() returns trigger language plpgsql as $$
      begin
        if new.id = 9 and new.deleted_at is null then return null; end if;
        return new;
      end $$;
      create trigger keeps before update on workflows for each row execute function keeps()`);
    await workflowsCleanup(pool, db.schema).run();
    await pool.query(`insert into workflows (id, status, used_at) values (99, 'u5', now())`);
    const other = await db.pool().connect();
    await other.query('begin; select from workflows where id = 7 for update');
    const run = await lastRun(pool);
    const report = await undo(pool, db.schema, run);
    await other.query('rollback');
    other.release();
    expect(report).toMatchObject({ ok: false, undone: 37, blockedCount: 3 });
    const blocked = report.policies['it']?.blocked ?? [];
    expect(blocked.map(({ key, reason }) => `${key['id']} ${reason}`).toSorted()).toEqual([
      '5 rejected',
      '7 locked',
      '9 kept',
    ]);
    expect(blocked.find(({ reason }) => reason === 'rejected')?.constraint).toBe('one_live');
    await pool.query('delete from workflows where id = 99; drop trigger keeps on workflows');
    expect(await undo(pool, db.schema, run)).toMatchObject({
      ok: true,
      undone: 3,
      undoneBefore: 37,
    });
  });

  test('whose columns cannot be set is refused by the plan, which needs no history', async () => {
    const pool = db.pool();
    await pool.query(`
      create table parts (id int, kind text, used_at timestamptz, gone timestamptz, sum int generated always as (id) stored,
        primary key (id, kind)) partition by list (kind);
      create table plain (id int primary key, used_at timestamptz, gone timestamptz, n int);
      create table parts_a partition of parts default`);
    const refusals = async (table: string, set: object): Promise<string> => {
      const softDelete = { set, at: 'gone', purgeAfter: '1d' };
      const cleanup = workflowsCleanup(pool, `${db.schema}_none`, { table, softDelete });
      return (await cleanup.plan()).policies.it.refusals.map(({ message }) => message).join('\n');
    };
    expect(await refusals('plain', { n: 1 })).toBe('');
    expect(await refusals('plain', { n: 'x' })).toContain('invalid input syntax for type integer');
    expect(await refusals('plain', { id: 1 })).toContain('part of the primary key');
    expect(await refusals('plain', { gone: 'now' })).toContain('is `at` as well');
    expect(await refusals('parts', { kind: 'x' })).toContain('part of the primary key');
    expect(await refusals('parts', { sum: 1 })).toContain('its value is generated');
  });

  test('under a hold, or that turned active meanwhile, is neither marked nor purged', async () => {
    const pool = db.pool();
    await makeWorkflows(pool, db.schema, 4);
    await pool.query('create table legal_holds (workflow_id int primary key)');
    await pool.query('insert into legal_holds values (2)');
    const holds = [{ table: 'legal_holds', on: { workflow_id: 'id' } }];
    const cleanup = workflowsCleanup(
      pool,
      db.schema,
      { softDelete: { ...MARKED, purgeAfter: '1h' }, where: sql`id <> 4` },
      { holds },
    );
    expect((await cleanup.run()).policies.it).toMatchObject({ softDeleted: 2 });
    await pool.query(`
      insert into legal_holds values (1);
      update runs set started_at = started_at - interval '2 hours';
      update soft_deleted set undo_until = undo_until - interval '2 hours';
      update workflows set deleted_at = deleted_at - interval '2 hours'`);
    expect((await cleanup.run()).policies.it).toMatchObject({ purged: 1, stopped: 'drained' });
    expect((await snapshot(pool)).map((row) => row.slice(1, 2))).toEqual(['1', '2', '4']);
  });

  test('undo of an unknown run, a bad id, without history, or aborted says so', async () => {
    const pool = db.pool();
    const id = '11111111-2222-4333-8444-555555555555';
    await expect(undo(pool, db.schema, id)).rejects.toMatchObject({
      code: 'ERR_OPS_CLEANUP_TABLES_MISSING',
    });
    await makeWorkflows(pool, db.schema, 2);
    await expect(undo(pool, db.schema, id)).rejects.toMatchObject({
      code: 'ERR_OPS_CLEANUP_UNKNOWN_RUN',
      runId: id,
    });
    await expect(undo(pool, db.schema, `${id}'`)).rejects.toThrow('expected the id of a run');
    await workflowsCleanup(pool, db.schema).run();
    const run = await lastRun(pool);
    const reason = new Error('enough');
    await expect(undo(pool, db.schema, run, AbortSignal.abort(reason))).rejects.toBe(reason);
    await pool.query('alter table workflows rename column status to state');
    expect(await undo(pool, db.schema, run)).toMatchObject({
      ok: false,
      undone: 0,
      policies: { it: { problem: expect.stringContaining('status') } },
    });
    await pool.query('drop table workflows');
    expect(await undo(pool, db.schema, run)).toMatchObject({
      ok: false,
      policies: { it: { problem: expect.stringContaining('not there any more') } },
    });
  });
});
