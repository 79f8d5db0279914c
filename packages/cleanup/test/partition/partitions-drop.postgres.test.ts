import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { sql } from '../../src/index.ts';
import { interceptedPool } from '../intercepted-pool.ts';
import { eventsCleanup, makeEvents, openMarks, partitionsOf, tablesLike } from './events.ts';

const db = useDatabase();

describe('dropping partitions', () => {
  test.each(['timestamptz', 'timestamp', 'date'])(
    'by a column of type %s drops those that end at the cut-off or before, and tells of them',
    async (type) => {
      const pool = db.pool();
      await makeEvents(pool, db.schema, { type });
      const olderThan = {
        column: 'at',
        age: '90d',
        ...(type !== 'timestamptz' && { zone: 'UTC' }),
      };
      const cleanup = eventsCleanup(pool, db.schema, { olderThan });
      const plan = (await cleanup.plan()).policies.it;
      expect(plan).toMatchObject({
        refusals: [],
        outcome: 'drop-partitions',
        candidates: { count: 30 },
        share: 0.5,
        partitions: [6, 5, 4].map((n) => ({
          table: `"${db.schema}"."events_${n}"`,
          rows: 10,
          bound: expect.stringMatching(/^FOR VALUES FROM \('\d{4}/),
        })),
      });
      expect(plan.partitions?.[0]?.bytes).toBeGreaterThan(8_000);
      expect(await partitionsOf(pool)).toHaveLength(6);
      const report = (await cleanup.run()).policies.it;
      expect(report).toMatchObject({ stopped: 'drained', deleted: 30, error: undefined });
      expect(report.droppedPartitions).toEqual(plan.partitions?.map(({ table }) => table));
      expect(await partitionsOf(pool)).toEqual(['events_1', 'events_2', 'events_3']);
      expect(await tablesLike(pool, '^events_')).toEqual(['events_1', 'events_2', 'events_3']);
      const { rows } = await pool.query(
        `select p.deleted::int, (select count(*)::int from dropped_partitions where dropped_at is not null) as marks
       from policy_runs p`,
      );
      expect(rows).toEqual([{ deleted: 30, marks: 3 }]);
      expect((await cleanup.run()).policies.it).toMatchObject({ stopped: 'drained', deleted: 0 });
    },
  );

  test('never drops the last of a parent, the default, nor one without an end', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    const old = { olderThan: { column: 'at', age: '1h' }, safety: { maxShare: 1 } };
    await pool.query(`
      alter table events detach partition events_1;
      create table events_min partition of events for values from (minvalue) to ('2001-01-01')`);
    const plan = (await eventsCleanup(pool, db.schema, old).plan()).policies.it;
    expect(plan.partitions?.map(({ table }) => table.split('"')[3])).toEqual(
      ['min', 6, 5, 4, 3].map((n) => `events_${n}`),
    );
    expect(plan.warnings.join()).toContain('"events_2" is due and stays: it is the last');
    await pool.query(`
      create table events_max partition of events for values from ('2100-01-01') to (maxvalue);
      create table events_rest partition of events default;
      insert into events (user_id, at) values (1, '2010-01-01')`);
    const report = (await eventsCleanup(pool, db.schema, old).run()).policies.it;
    expect(report.stopped).toBe('drained');
    expect(await partitionsOf(pool)).toEqual(['events_max', 'events_rest']);
  });

  test('finds them at any level, and by a key of several columns', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema, { partitions: 0 });
    await pool.query(`
      drop table events;
      create table events (id int, at timestamptz not null, tenant text not null) partition by list (tenant);
      create table events_a partition of events for values in ('a') partition by range (at, id);
      create table events_a1 partition of events_a for values from ('2020-01-01', 0) to ('2021-01-01', 5);
      create table events_a2 partition of events_a for values from ('2021-01-01', 5) to ('2090-01-01', 0);
      create table events_b partition of events for values in ('b') partition by range (at);
      create table events_b1 partition of events_b for values from ('2020-01-01') to ('2021-01-01') partition by hash (id);
      create table events_b1_0 partition of events_b1 for values with (modulus 1, remainder 0);
      create table events_b2 partition of events_b for values from ('2022-01-01') to ('2090-01-01') partition by range (at);
      create table events_b2_1 partition of events_b2 for values from ('2022-01-01') to ('2023-01-01');
      create table events_b2_2 partition of events_b2 for values from ('2024-01-01') to ('2090-01-01');
      insert into events select n, '2020-02-01', t from generate_series(1, 9) n, unnest(array['a', 'b']) t;
      insert into events values (1, now(), 'a'), (1, now(), 'b'), (4, '2021-01-01', 'a')`);
    const cleanup = eventsCleanup(pool, db.schema);
    expect((await cleanup.plan()).policies.it).toMatchObject({
      refusals: [],
      partitions: [
        { table: expect.stringContaining('events_a1'), rows: 10 },
        { table: expect.stringContaining('events_b1"'), rows: 9 },
        { table: expect.stringContaining('events_b2_1'), rows: 0 },
      ],
    });
    expect((await cleanup.run()).policies.it).toMatchObject({ stopped: 'drained', deleted: 19 });
    expect(await tablesLike(pool, '^events')).toEqual([
      'events',
      'events_a',
      'events_a2',
      'events_b',
      'events_b2',
      'events_b2_2',
    ]);
    const { rows } = await pool.query(`select count(*)::int as count from events`);
    expect(rows).toEqual([{ count: 2 }]);
  });

  test('refuses what is referenced, not partitioned by the column, being detached by somebody, or not owned', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    const refusals = async (policy: object = {}): Promise<string> =>
      (await eventsCleanup(pool, db.schema, policy).plan()).policies.it.refusals
        .map(({ code, message }) => `${code}: ${message}`)
        .join('\n');
    expect(await refusals()).toBe('');
    await pool.query(`
      create unique index on events (at, id);
      create table notes (event_at timestamptz, event_id bigint,
        foreign key (event_at, event_id) references events (at, id) on delete cascade)`);
    expect(await refusals()).toMatch(
      /partitions: .*"notes" references .*"events" \(foreign key notes_event_at/,
    );
    await pool.query('drop table notes; alter table events add other timestamptz');
    expect(await refusals({ olderThan: { column: 'other', age: '90d' } })).toContain(
      'is not partitioned by range on "other", at no level',
    );
    await pool.query('create table plain (at timestamptz)');
    expect(await refusals({ table: 'plain' })).toContain('is not partitioned');
    // Two columns of an expression are no time either.
    await pool.query(
      `create table byexpr (at timestamptz) partition by range ((at at time zone 'UTC'))`,
    );
    expect(await refusals({ table: 'byexpr' })).toContain('is not partitioned by range on');
    await pool.query(`create table bydate (at date) partition by range (at)`);
    expect(await refusals({ table: 'bydate' })).toContain('say in which zone its days begin');
    // Roles are the whole server's.
    const role = `nobody_${new URL(db.url).pathname.slice(1)}`;
    await pool.query(`create role ${role} nologin; grant usage on schema ${db.schema} to ${role};
      grant select on all tables in schema ${db.schema} to ${role}`);
    const other = db.pool({ options: `-c search_path=${db.schema} -c role=${role}` });
    const plan = (await eventsCleanup(other, db.schema).plan()).policies.it;
    expect(plan.refusals.map(({ message }) => message).join()).toContain('does not own');
    await pool.query(`drop owned by ${role}`);
  });

  test('leaves a partition with a held row, and one that a view names, and drops the others', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    await pool.query(`
      create table legal_holds (subject int, released_at timestamptz);
      delete from events_5 where user_id = 3;
      delete from events_4 where user_id = 3;
      insert into legal_holds values (3, null), (1, now());
      create view old as select * from events_4;
      analyze events`);
    const holds = [
      { table: 'legal_holds', on: { subject: 'user_id' }, active: sql`released_at is null` },
    ];
    const cleanup = eventsCleanup(pool, db.schema, {}, { holds });
    const plan = (await cleanup.plan()).policies.it;
    expect(plan.partitions).toMatchObject([{ table: expect.stringContaining('events_5') }]);
    expect(plan.warnings.join('\n')).toMatch(
      /events_6" is due and stays: .*legal_holds" holds rows/,
    );
    expect(plan.warnings.join('\n')).toMatch(/events_4" is due and stays: view old depends on it/);
    const report = (await cleanup.run()).policies.it;
    expect(report).toMatchObject({ stopped: 'blocked', deleted: 9 });
    expect(report.notes.join('\n')).toContain('holds rows of it');
    expect(await partitionsOf(pool)).toHaveLength(5);
    expect(await openMarks(pool)).toEqual([]);
    await pool.query('drop view old');
    // Held rows are not due, so nothing is left to do.
    expect((await cleanup.run()).policies.it).toMatchObject({ stopped: 'drained', deleted: 9 });
  });

  test('keeps within a budget of rows, goes on where it was, and asks for the share', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema);
    const cleanup = eventsCleanup(pool, db.schema, { safety: { maxShare: 0.4 } });
    expect((await cleanup.run()).policies.it).toMatchObject({
      stopped: 'refused',
      refusals: [{ code: 'share' }],
    });
    const plan = await cleanup.plan();
    const first = (await cleanup.run({ accept: plan.hash, budget: { rows: 25 } })).policies.it;
    expect(first).toMatchObject({ stopped: 'budget-rows', deleted: 20 });
    expect(first.notes.join()).toContain('it has 10 rows, and 5 are left');
    const second = (await cleanup.run({ policies: ['it'] })).policies.it;
    expect(second).toMatchObject({ stopped: 'drained', deleted: 10 });
  });

  // Not by WAL: that of the server is of all test files at once.
  test('sends no delete of a row, however many there are', async () => {
    const pool = db.pool();
    await makeEvents(pool, db.schema, { rows: 20_000, partitions: 4 });
    const sent: string[] = [];
    const watched = interceptedPool(pool, (text, run) => {
      sent.push(text);
      return run();
    });
    const report = (await eventsCleanup(watched, db.schema).run()).policies.it;
    expect(report).toMatchObject({ stopped: 'drained', deleted: 20_000 });
    expect(sent.join('\n')).toContain('drop table');
    expect(sent.filter((text) => /delete from.*events/.test(text))).toEqual([]);
  });
});
