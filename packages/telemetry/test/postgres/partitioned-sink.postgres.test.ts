import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import type { IngestEvent, SinkOutcome } from '../../src/ingest/index.ts';
import { type PostgresSinkEvent, postgresSink } from '../../src/postgres/index.ts';
import { uuid7 } from '../../src/uuid.ts';
import { count, createPartitioned, event } from './app-events.ts';

const db = useDatabase();
const ok = { result: 'ok' };
const again = { result: 'ok', duplicate: true };
const march = { now: () => Date.parse('2026-03-01T12:00:00Z') };

/** An event of our own clients: its id was made at `at`. */
function madeAt(at: string, fields: Partial<IngestEvent> = {}): IngestEvent {
  const time = new Date(at);
  return event({ id: uuid7(time.getTime()), timestamp: time, clientTimestamp: time, ...fields });
}

/** A UUID version 4, which has no time in it. */
function uuid4(): string {
  return crypto.randomUUID();
}

it('fills the columns that a partitioned table has besides', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  const one = madeAt('2026-03-01T11:00:00Z', { sampleRate: 0.25, source: 'key:web' });
  expect(await postgresSink(pool, { clock: march }).write([one])).toEqual([ok]);
  const { rows } = await pool.query(
    'select *, tableoid::regclass::text as part, xid::text::bigint > 0 as has_xid from app_events',
  );
  expect(rows).toEqual([
    {
      id: one.id,
      event_type: 'ping',
      user_id: one.context['userId'],
      path: '/home',
      meta: one.props,
      context: one.context,
      created_at: one.timestamp,
      received_at: one.receivedAt,
      source: 'key:web',
      sample_rate: 0.25,
      xid: expect.anything(),
      part: 'app_events_2026_03',
      has_xid: true,
    },
  ]);
});

it('leaves out what is told to be left out, and what the table has not', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  await pool.query('alter table app_events drop column source');
  const sink = postgresSink(pool, { columns: { context: null }, clock: march });
  expect(await sink.write([madeAt('2026-03-01T11:00:00Z')])).toEqual([ok]);
  const { rows } = await pool.query('select context, sample_rate from app_events');
  expect(rows).toEqual([{ context: null, sample_rate: 1 }]);
});

describe('an id is stored once', () => {
  it('although its repeat belongs into another month', async () => {
    const pool = db.pool();
    await createPartitioned(pool, db.schema);
    const sink = postgresSink(pool, { clock: march });
    const home = madeAt('2026-02-28T23:59:59.500Z');
    const away = { ...home, timestamp: new Date('2026-03-01T00:00:00.200Z') };
    expect(await sink.write([home])).toEqual([ok]);
    expect(await sink.write([away])).toEqual([again]);
    const other = madeAt('2026-02-28T23:59:59.500Z');
    expect(await sink.write([{ ...other, timestamp: away.timestamp }])).toEqual([ok]);
    expect(await sink.write([other])).toEqual([again]);
    const both = madeAt('2026-02-28T23:59:59.500Z');
    expect(await sink.write([{ ...both, timestamp: away.timestamp }, both])).toEqual([again, ok]);
    expect(await count(pool)).toBe(3);
  });

  it('although nothing says when it was made', async () => {
    const pool = db.pool();
    await createPartitioned(pool, db.schema);
    const sink = postgresSink(pool, { clock: march });
    const nameless = madeAt('2026-02-27T00:00:00Z', { id: uuid4(), clientTimestamp: null });
    expect(await sink.write([nameless, nameless])).toEqual([ok, again]);
    const later = { ...nameless, timestamp: new Date('2026-03-02T00:00:00Z') };
    expect(await sink.write([later])).toEqual([again]);
    expect(await count(pool)).toBe(1);
  });

  it('while the month gets its partition, and its rows are moved', async () => {
    const pool = db.pool();
    await createPartitioned(pool, db.schema);
    const events = Array.from({ length: 50 }, () => madeAt('2026-07-15T12:00:00Z'));
    const before = postgresSink(pool, { partitionsAhead: null });
    await before.write(events);
    expect(await count(pool, 'app_events_default')).toBe(50);
    const told: PostgresSinkEvent[] = [];
    const july = { now: () => Date.parse('2026-07-16T00:00:00Z') };
    const sink = postgresSink(pool, { clock: july, onEvent: (each) => void told.push(each) });
    expect(await sink.write(events)).toEqual(events.map(() => again));
    expect(await sink.write(events)).toEqual(events.map(() => again));
    expect(told).toEqual([
      {
        type: 'partitions_made',
        created: ['app_events_2026_07', 'app_events_2026_08', 'app_events_2026_09'],
        movedRows: 50,
      },
    ]);
    expect(await count(pool, 'app_events_2026_07')).toBe(50);
    expect(await count(pool)).toBe(50);
  });

  it('whatever its repeats say of the time, at once and in a row, across the ends of months', async () => {
    const pool = db.pool({ max: 6 });
    await createPartitioned(pool, db.schema);
    const sinks = [1, 2, 3].map(() => postgresSink(pool, { clock: march }));
    const write = async (n: number, batch: IngestEvent[]): Promise<readonly SinkOutcome[]> =>
      (await sinks[n % 3]?.write(batch)) ?? [];
    await sinks[0]?.write([madeAt('2026-03-01T00:00:00Z')]);
    const end = Date.parse('2026-03-01T00:00:00Z');
    const day = 86_400_000;
    const skew = fc.oneof(
      fc.constantFrom(-1, 0, 1, -day, day),
      fc.integer({ min: -5_000, max: 5_000 }),
      fc.integer({ min: -100 * day, max: 100 * day }),
    );
    const kind = fc.constantFrom('v7', 'v4', 'v4 without a time');
    const one = fc.record({
      kind,
      made: skew,
      repeats: fc.array(skew, { minLength: 2, maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 12 }), async (each) => {
        await pool.query('delete from app_events; delete from app_events_moved');
        const batches: IngestEvent[][] = [[], [], [], [], []];
        for (const { kind: how, made, repeats } of each) {
          const time = new Date(end + made);
          const id = how === 'v7' ? uuid7(end + made) : uuid4();
          const clientTimestamp = how === 'v4 without a time' ? null : time;
          repeats.forEach((moved, index) => {
            const timestamp = new Date(end + made + moved);
            batches[index]?.push(event({ id, clientTimestamp, timestamp }));
          });
        }
        const outcomes: SinkOutcome[] = (
          await Promise.all(batches.map((batch, n) => write(n, n % 2 ? batch : batch.toReversed())))
        ).flat();
        expect(outcomes.every(({ result }) => result === 'ok')).toBe(true);
        expect(outcomes.filter((outcome) => !('duplicate' in outcome))).toHaveLength(each.length);
        const { rows } = await pool.query(
          'select count(*)::int as n, count(distinct id)::int as ids from app_events',
        );
        expect(rows).toEqual([{ n: each.length, ids: each.length }]);
      }),
      { numRuns: 30 },
    );
  });
});

it('writers in their home months do not wait for each other', async () => {
  const pool = db.pool();
  await createPartitioned(pool, db.schema);
  const holder = await pool.connect();
  await holder.query('begin');
  await holder.query(
    `insert into app_events (id, event_type, created_at)
     values ('${uuid7(Date.parse('2026-03-01T00:00:01Z'))}', 'held', '2026-03-01T00:00:01Z')`,
  );
  const sink = postgresSink(pool, { clock: march, timeout: '5s' });
  const events = [madeAt('2026-03-01T00:00:02Z'), madeAt('2026-02-01T00:00:02Z')];
  expect(await sink.write(events)).toEqual([ok, ok]);
  await holder.query('rollback');
  holder.release();
});

describe('upkeep', () => {
  it('is done by the first write and then once an hour, also when the clock is set back', async () => {
    const pool = db.pool();
    await createPartitioned(pool, db.schema);
    let now = march.now();
    const told: PostgresSinkEvent[] = [];
    const sink = postgresSink(pool, {
      clock: { now: () => now },
      onEvent: (each) => void told.push(each),
    });
    const write = () => sink.write([madeAt('2026-03-01T11:00:00Z')]);
    await write();
    expect(told).toEqual([]);
    await pool.query('drop table app_events_2026_05');
    now += 3_599_999;
    await write();
    expect(told).toEqual([]);
    now += 1;
    await write();
    expect(told).toMatchObject([{ created: ['app_events_2026_05'] }]);
    await pool.query('drop table app_events_2026_05');
    now -= 3_600_000;
    await write();
    expect(told).toHaveLength(2);
  });

  it('that fails is told, loses nothing, and is tried again in five minutes', async () => {
    const pool = db.pool();
    await createPartitioned(pool, db.schema);
    await pool.query('drop table app_events_2026_05');
    await pool.query('create table app_events_2026_05 ()');
    let now = march.now();
    const told: PostgresSinkEvent[] = [];
    const sink = postgresSink(pool, {
      clock: { now: () => now },
      onEvent: (each) => {
        told.push(each);
        throw new Error('a listener that throws');
      },
    });
    const inMay = () => madeAt('2026-05-05T00:00:00Z');
    expect(await sink.write([inMay()])).toEqual([ok]);
    expect(told).toMatchObject([{ type: 'partitions_failed', cause: { code: '42P07' } }]);
    await pool.query('drop table app_events_2026_05');
    now += 299_999;
    expect(await sink.write([inMay()])).toEqual([ok]);
    expect(told).toHaveLength(1);
    now += 1;
    expect(await sink.write([inMay()])).toEqual([ok]);
    expect(told[1]).toEqual({
      type: 'partitions_made',
      created: ['app_events_2026_05'],
      movedRows: 3,
    });
  });

  it('makes what is missing when an event finds no partition', async () => {
    const pool = db.pool();
    await createPartitioned(pool, db.schema);
    const sink = postgresSink(pool, { clock: march });
    await sink.write([madeAt('2026-03-01T00:00:00Z')]);
    await pool.query('drop table app_events_default');
    await pool.query('drop table app_events_2026_04');
    const late = [madeAt('2026-04-01T00:00:00Z'), madeAt('2020-01-01T00:00:00Z')];
    await expect(sink.write(late)).rejects.toMatchObject({ code: '23514' });
    expect(await sink.write(late)).toEqual([ok, ok]);
    const { rows } = await pool.query(
      'select tableoid::regclass::text as part from app_events order by created_at',
    );
    expect(rows.map(({ part }) => part)).toEqual([
      'app_events_default',
      'app_events_2026_03',
      'app_events_2026_04',
    ]);
  });
});

it.each([
  [
    'by something else than the time of the event',
    `create table app_events (id uuid, event_type text, user_id text, path text, meta jsonb, created_at timestamptz)
     partition by hash (id)`,
    /not partitioned by range on one timestamptz column/,
  ],
  [
    'with a partition that has no key',
    `create table app_events (id uuid, event_type text, user_id text, path text, meta jsonb, created_at timestamptz)
     partition by range (created_at);
     create table part partition of app_events default`,
    /no unique index on the id column alone in part/,
  ],
  [
    'with a key of the time besides',
    `create table app_events (id uuid, event_type text, user_id text, path text, meta jsonb, created_at timestamptz)
     partition by range (created_at);
     create table part partition of app_events (primary key (id), unique (event_type)) default`,
    /unique index part_event_type_key of part is not on the id/,
  ],
  [
    'by weeks',
    `create table app_events (id uuid, event_type text, user_id text, path text, meta jsonb, created_at timestamptz)
     partition by range (created_at);
     create table part partition of app_events (primary key (id))
     for values from ('2026-03-02T00:00Z') to ('2026-03-09T00:00Z')`,
    /partition part does not begin and end with a month of UTC/,
  ],
])('a table that is partitioned %s is refused', async (_name, statements, message) => {
  const pool = db.pool();
  await pool.query(statements);
  await pool.query('create table app_events_moved (id uuid primary key, created_at timestamptz)');
  await expect(postgresSink(pool).write([event()])).rejects.toThrow(message);
});

it('takes months in any time zone of the session, and partitions of several months', async () => {
  const pool = db.pool({
    options: `-c search_path=${db.schema} -c timezone=Asia/Kathmandu -c datestyle=German`,
  });
  await pool.query(`
    create table app_events (id uuid, event_type text, user_id text, path text, meta jsonb, created_at timestamptz)
    partition by range (created_at);
    create table old partition of app_events (primary key (id)) for values from (minvalue) to ('2026-01-01T00:00Z');
    create table quarter partition of app_events (primary key (id)) for values from ('2026-01-01T00:00Z') to ('2026-04-01T00:00Z');
    create table app_events_moved (id uuid primary key, created_at timestamptz not null)`);
  const sink = postgresSink(pool, { clock: march, partitionsAhead: 1 });
  const events = [madeAt('2026-02-01T00:00:00Z'), madeAt('2001-02-01T00:00:00Z')];
  expect(await sink.write(events)).toEqual([ok, ok]);
  const { rows } = await pool.query(
    'select c.relname from pg_inherits i join pg_class c on c.oid = inhrelid where inhparent = to_regclass($1) order by 1',
    ['app_events'],
  );
  expect(rows.map(({ relname }) => relname)).toEqual([
    'app_events_2026_04',
    'app_events_default',
    'old',
    'quarter',
  ]);
});
