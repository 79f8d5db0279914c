import { expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import {
  createMigrator,
  directory,
  type MigrationEvent,
  type MigratorOptions,
} from '../../src/index.ts';
import { useFolder } from '../folder.ts';
import { inSchema, runReplica } from '../replica.ts';

const db = useDatabase();
const folder = useFolder();

const migrator = (options: Partial<MigratorOptions> = {}): ReturnType<typeof createMigrator> =>
  createMigrator({
    connection: inSchema(db.url, db.schema),
    sources: [directory(folder.path)],
    history: { schema: db.schema },
    ...options,
  });

/** Takes the migration lock and keeps it until the function it resolves to is called. */
async function holdLock(): Promise<() => Promise<void>> {
  await folder.write({ '1_hold.sql': 'select pg_sleep(600)' });
  const controller = new AbortController();
  const started = Promise.withResolvers<void>();
  const holding = migrator({
    onEvent: ({ type }) => {
      if (type === 'step-started') started.resolve();
    },
  }).up({ signal: controller.signal });
  await Promise.race([started.promise, holding]);
  return async () => {
    controller.abort('let go');
    await expect(holding).rejects.toBe('let go');
  };
}

test.each([8, 32])(
  '%i processes at once: all succeed, each file is applied once',
  {
    timeout: 120_000,
  },
  async (count) => {
    await folder.write({
      // A key that takes time, so that the others wait while an index is built concurrently.
      '1_base.sql': `
      create function slow(a int) returns int language plpgsql immutable as $$ begin perform pg_sleep(0.01); return a; end $$;
      create table t (a int); insert into t select generate_series(1, 80); create table log (a int);`,
      '2_index.sql':
        'create index concurrently i on t (slow(a)); create index concurrently j on t (a);',
      '3_log.sql': 'insert into log values (3);',
      '4_log.sql': 'insert into log values (4);',
    });
    const url = inSchema(db.url, db.schema);
    const snapshots = watchSnapshots();
    const replicas = await Promise.all(
      Array.from({ length: count }, () => runReplica(url, folder.path, db.schema)),
    );
    expect(await snapshots.stop()).toEqual([]);
    expect(
      replicas.map(({ exitCode, lines }) => [exitCode, lines.find(({ type }) => type === 'error')]),
    ).toEqual(Array.from({ length: count }, () => [0, undefined]));
    const told = (type: string): Record<string, unknown>[] =>
      replicas.flatMap(({ lines }) => lines.filter((line) => line['type'] === type));
    expect(told('migration-finished')).toHaveLength(4);
    expect(told('waiting').filter(({ holder }) => holder !== undefined)).toContainEqual(
      expect.objectContaining({
        holder: {
          pid: expect.any(Number),
          applicationName: '@ops/migrations',
          since: expect.any(String),
        },
      }),
    );
    const { rows } = await db
      .pool()
      .query(
        "select (select array_agg(a order by a) from log) as log, (select array_agg(indisvalid) from pg_index where indrelid = 't'::regclass) as valid",
      );
    expect(rows).toEqual([{ log: [3, 4], valid: [true, true] }]);
  },
);

/**
 * Looks again and again for sessions that wait for the lock with a transaction open, which a
 * concurrent index build would wait for. `stop` gives what was seen.
 */
function watchSnapshots(): { stop(): Promise<unknown[]> } {
  const pool = db.pool({ max: 1 });
  const seen: unknown[] = [];
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      const { rows } = await pool.query(`
        select state, wait_event_type, query
        from pg_stat_activity a
        where datname = current_database()
          and application_name = '@ops/migrations'
          and not exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory' and l.granted)
          and (
            state like 'idle%' and (state <> 'idle' or backend_xmin is not null)
            or wait_event_type = 'Lock'
          )
          and not query like '%from pg_stat_activity%'
          and query like '%advisory%'`);
      seen.push(...(rows as unknown[]));
    }
  })();
  return {
    async stop() {
      over.abort();
      await watching;
      return seen;
    },
  };
}

test('lost half-way, to another process that takes over: nothing is done twice', async () => {
  await db.pool().query(`
    create table log (a int); create sequence calls;
    create function lose() returns void language plpgsql as $$ begin
      if nextval('calls') = 1 then perform pg_advisory_unlock_all(); end if;
    end $$`);
  await folder.write({
    '1_a.sql': 'select lose(); lock table log; insert into log values (1);',
    '2_b.sql': 'insert into log values (2)',
  });
  let other: ReturnType<ReturnType<typeof migrator>['up']> | undefined;
  const hold = await db.pool().connect();
  await hold.query('begin; lock table log');
  const loser = migrator({
    timeouts: { lock: '50ms' },
    retry: { attempts: 300, backoff: ['1ms', '2ms'] },
    onEvent: ({ type }) => {
      // The file cannot have its lock, and the other process finds that of the migrations free.
      if (type !== 'retry' || other !== undefined) return;
      const taken = (): void => void hold.query('rollback');
      const onEvent: MigratorOptions['onEvent'] = (event) => {
        if (event.type === 'locked') taken();
      };
      other = migrator({ onEvent }).up();
    },
  }).up();
  await expect(loser).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_CONNECTION',
    message: expect.stringContaining('lost the migration lock'),
  });
  expect((await other)?.applied).toHaveLength(2);
  hold.release();
  expect((await db.pool().query('select a from log order by a')).rows).toEqual([
    { a: 1 },
    { a: 2 },
  ]);
});

test('gives up after lock.wait and names the holder', async () => {
  const letGo = await holdLock();
  try {
    const events: MigrationEvent[] = [];
    const waiting = migrator({
      lock: { wait: '250ms' },
      onEvent: (event) => events.push(event),
    }).up();
    await expect(waiting).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_LOCK_WAIT',
      waitedMs: expect.any(Number),
      holder: {
        pid: expect.any(Number),
        applicationName: '@ops/migrations',
        since: expect.any(Date),
      },
      message: expect.stringContaining('(@ops/migrations)'),
    });
    expect(events).toMatchObject([
      { type: 'waiting', holder: { applicationName: '@ops/migrations' } },
    ]);
  } finally {
    await letGo();
  }
});

test('aborted while waiting: the identical reason, at once', async () => {
  const letGo = await holdLock();
  try {
    const controller = new AbortController();
    const reason = { why: 'test' };
    const onEvent = ({ type }: MigrationEvent): void => {
      if (type === 'waiting') controller.abort(reason);
    };
    await expect(migrator({ onEvent }).up({ signal: controller.signal })).rejects.toBe(reason);
  } finally {
    await letGo();
  }
});

test('another history in the same database does not wait', async () => {
  const letGo = await holdLock();
  try {
    await folder.remove('1_hold.sql');
    await folder.write({ '1_quick.sql': 'select 1' });
    const schema = `${db.schema}_other`;
    const report = await migrator({ history: { schema }, lock: { wait: 0 } }).up();
    expect(report.applied).toHaveLength(1);
    await db.pool().query(`drop schema ${schema} cascade`);
  } finally {
    await letGo();
  }
});
