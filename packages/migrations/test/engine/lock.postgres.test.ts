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

test('eight processes at once: all succeed, each file is applied once', {
  timeout: 120_000,
}, async () => {
  await folder.write({
    // A key that takes time, so that the others wait while an index is built concurrently.
    '1_base.sql': `
      create function slow(a int) returns int language plpgsql immutable as $$ begin perform pg_sleep(0.001); return a; end $$;
      create table t (a int); insert into t select generate_series(1, 800); create table log (a int);`,
    '2_index.sql':
      'create index concurrently i on t (slow(a)); create index concurrently j on t (a);',
    '3_log.sql': 'insert into log values (3);',
    '4_log.sql': 'insert into log values (4);',
  });
  const url = inSchema(db.url, db.schema);
  const replicas = await Promise.all(
    Array.from({ length: 8 }, () => runReplica(url, folder.path, db.schema)),
  );
  expect(
    replicas.map(({ exitCode, lines }) => [exitCode, lines.find(({ type }) => type === 'error')]),
  ).toEqual(Array.from({ length: 8 }, () => [0, undefined]));
  const applied = replicas.flatMap(({ lines }) =>
    lines.filter(({ type }) => type === 'migration-finished'),
  );
  expect(applied).toHaveLength(4);
  expect(
    replicas.flatMap(({ lines }) => lines.filter(({ type }) => type === 'waiting')),
  ).toContainEqual(
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
