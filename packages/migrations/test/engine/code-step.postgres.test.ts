import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import {
  createMigrator,
  directory,
  type MigrationEvent,
  type Migrator,
  type MigratorOptions,
} from '../../src/index.ts';
import { codeFile } from '../code-file.ts';
import { useFolder } from '../folder.ts';
import { inSchema } from '../replica.ts';

const db = useDatabase();
const folder = useFolder();

function migrator(options: Partial<MigratorOptions> = {}): Migrator {
  return createMigrator({
    connection: inSchema(db.url, db.schema),
    sources: [directory(folder.path)],
    history: { schema: db.schema },
    ...options,
  });
}

async function value(sql: string): Promise<unknown> {
  const { rows } = await db.pool().query({ text: sql, rowMode: 'array' });
  return (rows[0] as unknown[] | undefined)?.[0];
}

async function failureOf(definition: string): Promise<Record<string, unknown>> {
  await folder.write({ '1_a.ts': codeFile(definition) });
  return migrator()
    .up()
    .then(
      () => ({}),
      (error: unknown) => error as Record<string, unknown>,
    );
}

const isInTransaction = `select (now() <> statement_timestamp())::text as "inside"`;

describe('a function in a transaction', () => {
  test('runs between other files, with values, and is recorded with what it did', async () => {
    await folder.write({
      '1_a.sql': 'create table t (a int, b text);',
      '2_b.ts': codeFile(`{
        async up({ query, schema }: { query: Function; schema?: string }) {
          const { rows } = await query('${isInTransaction}');
          const { rowCount } = await query('insert into t values ($1, $2)', [1, rows[0].inside + schema]);
          await query('insert into t values ($1, $2)', [rowCount + 1, 'b']);
        },
      }`),
      '3_c.sql': 'alter table t add column c int;',
    });
    const events: MigrationEvent[] = [];
    const { applied } = await migrator({ onEvent: (event) => events.push(event) }).up();
    expect(applied).toHaveLength(3);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'step-finished',
        outcome: 'done',
        step: { kind: 'code', number: 1, count: 1, line: 1, index: undefined },
      }),
    );
    expect(await value("select string_agg(a || b, ',' order by a) from t")).toBe(
      '1trueundefined,2b',
    );
    await migrator().assertCurrent();
  });

  test('leaves nothing when it throws, and says where', async () => {
    expect(
      await failureOf(
        `{ up: async ({ query }) => { await query('create table made (a int)'); throw new Error('no luck'); } }`,
      ),
    ).toMatchObject({
      code: 'ERR_OPS_MIGRATION_CODE',
      step: 1,
      stepCount: 1,
      sqlstate: undefined,
      message: expect.stringMatching(/1_a\.ts: no luck \(step 1 of 1\)/),
      cause: { message: 'no luck' },
    });
    expect(await value("select to_regclass('made')")).toBeNull();
    expect(
      await failureOf(`{ up: async ({ query }) => void (await query('select nope')) }`),
    ).toMatchObject({ code: 'ERR_OPS_MIGRATION_CODE', sqlstate: '42703' });
  });

  test.each([
    ['commit', 'must not begin or end transactions'],
    ['select 1; rollback', 'must not begin or end transactions'],
    ['discard all', 'would release the lock'],
  ])('is refused %s', async (sql, message) => {
    const failure = await failureOf(
      `{ up: async ({ query }) => { await query('create table made (a int)'); await query('${sql}'); } }`,
    );
    expect(failure).toMatchObject({ code: 'ERR_OPS_MIGRATION_CODE' });
    expect(failure['message']).toContain(message);
    expect(await value("select to_regclass('made')")).toBeNull();
  });

  test('that swallows an error of the server cannot pass for done', async () => {
    expect(
      await failureOf(
        `{ up: async ({ query }) => { await query('select 1 / 0').catch(() => {}); } }`,
      ),
    ).toMatchObject({ code: 'ERR_OPS_MIGRATION_CODE', sqlstate: '25P02' });
    expect((await migrator().status()).applied).toEqual([]);
  });

  test.each([
    ['undefined', 'undefined'],
    ['null', 'null'],
    ["'text'", 'text'],
    ['Object.create(null)', '[Object: null prototype] {}'],
  ])('that rejects with %s, no error, has its place all the same', async (reason, message) => {
    expect(await failureOf(`{ up: () => Promise.reject(${reason}) }`)).toMatchObject({
      code: 'ERR_OPS_MIGRATION_CODE',
      message: expect.stringContaining(`1_a.ts: ${message} (step 1 of 1)`),
    });
  });

  test.each(['true', 'false'])(
    'that would give the lock away is refused (transaction: %s)',
    async (transaction) => {
      for (const call of [
        "'discard all'",
        "'select pg_advisory_unlock_all()'",
        "{ text: 'commit' }",
      ]) {
        expect(
          await failureOf(
            `{ transaction: ${transaction}, up: async ({ query }: { query: Function }) => void (await query(${call})) }`,
          ),
        ).toMatchObject({
          code: 'ERR_OPS_MIGRATION_CODE',
          message: expect.stringMatching(/would release the lock|takes a string/),
        });
      }
    },
  );

  test('that goes on after its end gets an error', async () => {
    await folder.write({
      '1_a.ts': codeFile(
        `{ up: async ({ query }) => { globalThis.later = () => query('select 1'); } }`,
      ),
    });
    await migrator().up();
    const { later } = globalThis as unknown as { later(): Promise<unknown> };
    await expect(later()).rejects.toThrow('after its step had ended');
  });

  test('is called again after a lock timeout', async () => {
    await folder.write({
      '1_a.ts': codeFile(
        `{ up: async ({ query }) => { await query('create table made (a int)'); await query('lock table t'); } }`,
      ),
    });
    const blocker = await db.pool().connect();
    await blocker.query('create table t (a int)');
    await blocker.query('begin; lock table t');
    let retries = 0;
    const report = await migrator({
      timeouts: { lock: '20ms' },
      retry: { attempts: 300, backoff: ['1ms', '2ms'] },
      onEvent: ({ type }) => {
        if (type === 'retry' && ++retries === 2) void blocker.query('rollback');
      },
    }).up();
    blocker.release();
    expect(report.retried).toBe(retries);
    expect(await value("select to_regclass('made') is not null")).toBe(true);
  });

  test('that never gets its lock is a lock timeout', async () => {
    const blocker = await db.pool().connect();
    await blocker.query('create table t (a int)');
    await blocker.query('begin; lock table t');
    await folder.write({
      '1_a.ts': codeFile(`{ up: async ({ query }) => void (await query('lock table t')) }`),
    });
    const made = migrator({ timeouts: { lock: '20ms' }, retry: { attempts: 2, backoff: [0, 0] } });
    await expect(made.up()).rejects.toMatchObject({
      code: 'ERR_OPS_MIGRATION_LOCK_TIMEOUT',
      sqlstate: '55P03',
      line: 1,
    });
    blocker.release(true);
  });

  test('several steps are recorded one by one, and resumed at the one that failed', async () => {
    const steps = (last: string): string =>
      codeFile(`{ steps: [
        async ({ query }) => void (await query('create table t (a int)')),
        async ({ query }) => void (await query('insert into t values (1)')),
        async ({ query }) => void (await query('${last}')),
      ] }`);
    await folder.write({ '1_a.ts': steps('select 1 / 0') });
    await expect(migrator().up()).rejects.toMatchObject({ step: 3, stepCount: 3 });
    expect((await migrator().status()).pending).toMatchObject([{ stepsDone: 2, stepCount: 3 }]);
    await folder.write({ '1_a.ts': steps('insert into t values (2)') });
    await migrator().up();
    expect(await value('select array_agg(a order by a) from t')).toEqual([1, 2]);
  });
});

describe('a function without a transaction', () => {
  test('may have its own, and is called again when nobody saw it end', async () => {
    await db.pool().query('create table seen (inside text)');
    const definition = (last: string): string => `{
      transaction: false,
      up: async ({ query }) => {
        await query("insert into seen ${isInTransaction.replaceAll('"', '\\"')}");
        await query('begin'); await query("insert into seen values ('own')"); await query('commit');
        await query('${last}');
      },
    }`;
    expect(await failureOf(definition('select 1 / 0'))).toMatchObject({ sqlstate: '22012' });
    expect((await migrator().status()).pending).toMatchObject([{ stepsDone: 0 }]);
    await folder.write({ '1_a.ts': codeFile(definition('select 1')) });
    await migrator().up();
    expect(await value('select array_agg(inside order by inside) from seen')).toEqual([
      'false',
      'false',
      'own',
      'own',
    ]);
  });

  test('that leaves a transaction open has done nothing', async () => {
    expect(
      await failureOf(
        `{ transaction: false, up: async ({ query }) => { await query('begin'); await query('create table made (a int)'); } }`,
      ),
    ).toMatchObject({ message: expect.stringContaining('has left a transaction open') });
    expect(await value("select to_regclass('made')")).toBeNull();
  });
});

test.each(['true', 'false'])(
  'abort (transaction: %s): the reason, at once, also when the function waits for something else',
  async (transaction) => {
    await folder.write({
      '1_a.ts': codeFile(`{
        transaction: ${transaction},
        up: async ({ query, signal }) => {
          await query('create table if not exists made (a int)');
          globalThis.sawAbort = new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));
          globalThis.started();
          await new Promise(() => {});
        },
      }`),
    });
    const started = Promise.withResolvers<void>();
    const shared = globalThis as unknown as { started(): void; sawAbort: Promise<unknown> };
    shared.started = () => started.resolve();
    const controller = new AbortController();
    const reason = new Error('stop');
    const running = migrator().up({ signal: controller.signal });
    await Promise.race([started.promise, running]);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(await shared.sawAbort).toBe(reason);
    expect(await value("select to_regclass('made') is null")).toBe(transaction === 'true');
    const held =
      "select count(*)::int from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
    expect(await value(held)).toBe(0);
    await folder.write({ '1_a.ts': codeFile('{ up: async () => {} }') });
    expect((await migrator().up()).applied).toHaveLength(1);
  },
);
