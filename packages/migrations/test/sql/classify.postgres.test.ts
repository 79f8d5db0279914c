import type pg from 'pg';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { classify } from '../../src/sql/classify.ts';
import { type Statement, splitStatements } from '../../src/sql/split.ts';

const db = useDatabase();
/** Databases and tablespaces belong to the whole server, which other files use at the same time. */
const unique = `ops_classify_${process.pid}`;

/** Not allowed inside a transaction block. */
const ACTIVE_TRANSACTION = '25001';
/** Commit or rollback in a place where there is a transaction around. */
const INVALID_TERMINATION = '2D000';

const one = (sql: string): Statement => {
  const [statement, ...others] = splitStatements(sql);
  if (statement === undefined || others.length > 0) throw new Error(`not one statement: ${sql}`);
  return statement;
};

const state = (error: unknown): string =>
  (error as { readonly code?: string }).code ?? String(error);

/** SQLSTATE of a statement in a transaction, which is rolled back, after others; `00000` is success. */
async function stateInside(sql: string, before: readonly string[] = []): Promise<string> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    for (const each of before) await client.query(each);
    return await client.query(sql).then(() => '00000', state);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

async function stateOutside(sql: string): Promise<string> {
  return pool.query(sql).then(() => '00000', state);
}

let pool: pg.Pool;
beforeEach(async () => {
  pool = db.pool();
  await pool.query(`
    create table t (a int primary key);
    create index i on t (a);
    create table parent (a int) partition by range (a);
    create index parent_i on parent (a);
    create table part partition of parent for values from (0) to (9);
    create materialized view m as select 1 as a;
    create unique index on m (a);
    create type mood as enum ('good');
  `);
});

afterAll(async () => {
  const last = db.pool();
  for (const kind of ['database', 'tablespace'])
    await last.query(`drop ${kind} if exists ${unique}`);
  await last.end();
});

describe('what the server refuses inside a transaction block, and takes outside', () => {
  test('statements on tables', async () => {
    for (const sql of [
      'create index concurrently i2 on t (a)',
      'create unique index concurrently if not exists i3 on t (a)',
      'reindex index concurrently i',
      'reindex (concurrently) table t',
      'reindex table parent',
      'reindex index parent_i',
      `reindex schema ${db.schema}`,
      'cluster parent using parent_i',
      'cluster',
      'vacuum t',
      'vacuum (full, analyze) t',
      'alter table parent detach partition part concurrently',
      'drop index concurrently i',
      'alter system reset log_min_error_statement',
    ]) {
      expect([sql, await stateInside(sql)]).toEqual([sql, ACTIVE_TRANSACTION]);
      expect([sql, await stateOutside(sql)]).toEqual([sql, '00000']);
      const kind = /^create.* index/.test(sql) ? 'index' : 'standalone';
      expect([sql, classify(one(sql)).kind]).toEqual([sql, kind]);
    }
  });

  test('blocks that end transactions', async () => {
    for (const sql of [
      'do $$ begin insert into t values (1); commit; end $$',
      "do 'begin begin null; exception when others then null; end; rollback; end'",
      'do $$ begin begin raise division_by_zero; exception when others then commit; end; end $$',
      'do $$ begin do $i$ begin commit and chain; end $i$; end $$',
      "do e'begin\\n  perform \\'x\\'; commit;\\nend'",
    ]) {
      expect([sql, await stateInside(sql)]).toEqual([sql, INVALID_TERMINATION]);
      expect([sql, await stateOutside(sql)]).toEqual([sql, '00000']);
      expect([sql, classify(one(sql)).kind]).toEqual([sql, 'standalone']);
    }
  });

  test('those that would take the whole database, or need another server', async () => {
    const database = new URL(db.url).pathname.slice(1);
    const connected = `create subscription s connection 'host=/nowhere' publication p, q with (connect = false, slot_name = x)`;
    const enabled = [connected, 'alter subscription s enable'];
    for (const [sql, before] of [
      [`reindex database ${database}`, []],
      [`reindex system ${database}`, []],
      ['vacuum', []],
      [`create subscription s connection 'host=/nowhere' publication p`, []],
      ['drop subscription s', enabled],
      ['alter subscription s refresh publication', enabled],
      ['alter subscription s set publication q', enabled],
      ['alter subscription s add publication r', enabled],
      ['alter subscription s drop publication p', enabled],
      ["commit prepared 'x'", []],
      ["rollback prepared 'x'", []],
    ] as const) {
      expect([sql, await stateInside(sql, before)]).toEqual([sql, ACTIVE_TRANSACTION]);
      expect([sql, classify(one(sql)).kind]).toEqual([sql, 'standalone']);
    }
  });

  test('databases and tablespaces, with the state that says that it was done before', async () => {
    const done = async (sql: string, again: string): Promise<void> => {
      const found = classify(one(sql));
      expect(await stateInside(sql, ['set local allow_in_place_tablespaces = on'])).toBe(
        ACTIVE_TRANSACTION,
      );
      const client = await pool.connect();
      try {
        await client.query('set allow_in_place_tablespaces = on');
        await client.query(sql);
        expect(await client.query(sql).then(() => '00000', state)).toBe(again);
      } finally {
        client.release();
      }
      const doneState = again === '00000' ? undefined : again;
      expect({ sql, ...found }).toEqual({
        sql,
        kind: 'standalone',
        ...(doneState === undefined ? {} : { doneState }),
      });
    };
    await done(`create tablespace ${unique} location ''`, '42710');
    await done(`create database ${unique}`, '42P04');
    await done(`alter database ${unique} set tablespace ${unique}`, '00000');
    await done(`drop database ${unique}`, '3D000');
    await done(`drop tablespace ${unique}`, '42704');
  });

  test('discard all is refused, as it would also release the lock', async () => {
    expect(await stateInside('discard all')).toBe(ACTIVE_TRANSACTION);
    expect(classify(one('discard all')).kind).toBe('refused');
  });

  test('states of a second run', async () => {
    for (const sql of [
      'drop index concurrently i',
      'alter table parent detach partition part concurrently',
    ]) {
      const found = classify(one(sql));
      expect(await stateOutside(sql)).toBe('00000');
      expect('doneState' in found && found.doneState).toBe(await stateOutside(sql));
    }
  });
});

describe('what the server takes inside a transaction block', () => {
  test('runs in one', async () => {
    for (const sql of [
      "alter type mood add value 'bad'",
      'refresh materialized view concurrently m',
      'alter table parent detach partition part',
      'create index on t (a)',
      'create index on parent (a)',
      'drop index i',
      'analyze t',
      'checkpoint',
      'truncate t',
      'lock table t in access exclusive mode',
      'savepoint a',
      'discard temp',
      "copy (select 1) to program 'cat > /dev/null'",
      'alter database postgres reset work_mem',
      'do $$ begin null; exception when others then null; end $$',
      "do $$ begin perform 'commit;'; /* commit; */ end $$",
      'alter table t set logged',
      'create table u (a int) partition by list (a)',
    ]) {
      expect([sql, await stateInside(sql)]).toEqual([sql, '00000']);
      expect([sql, classify(one(sql)).kind]).toEqual([sql, 'transactional']);
    }
  });

  test('runs alone all the same where the text does not show enough', async () => {
    const subscription = "create subscription s connection '' publication p with (connect = false";
    for (const [sql, before] of [
      // Their tables could be partitioned.
      ['reindex table t', []],
      ['reindex index i', []],
      ['cluster t using i', []],
      // Only with these options. They are rare, and alone they do no harm.
      [`${subscription}, slot_name = none)`, []],
      ['alter subscription s disable', [`${subscription})`]],
      ['drop subscription s', [`${subscription}, slot_name = none)`]],
    ] as const) {
      expect([sql, await stateInside(sql, before)]).toEqual([sql, '00000']);
      expect([sql, classify(one(sql)).kind]).toEqual([sql, 'standalone']);
    }
  });

  test('detaching for good what an interrupted detach left, which is legal in a transaction', async () => {
    const sql = 'alter table parent detach partition part finalize';
    // Nothing is pending, which is found out after the check for a transaction.
    expect(await stateInside(sql)).not.toBe(ACTIVE_TRANSACTION);
    expect(classify(one(sql)).kind).toBe('transactional');
  });
});

describe('calls of procedures', () => {
  test('commit where nothing atomic lies between, and classify agrees', async () => {
    await pool.query(`
      create procedure commits() language plpgsql as $$ begin commit; end $$;
      create procedure calls_it() language plpgsql as $$ begin call commits(); end $$;
      create procedure in_sql() language sql as $$ call commits() $$;
      create procedure dynamic() language plpgsql as $$ begin execute 'call commits()'; end $$;
      create procedure harmless() language plpgsql as $$ begin perform 'commit;'; end $$;
    `);
    const committing = new Set(['commits', 'calls_it']);
    for (const [sql, inside, outside] of [
      ['call commits()', INVALID_TERMINATION, '00000'],
      ['call calls_it()', INVALID_TERMINATION, '00000'],
      ['do $$ begin call calls_it(); end $$', INVALID_TERMINATION, '00000'],
      // Atomic wherever they are called, so nothing is gained by running them alone.
      ['call in_sql()', INVALID_TERMINATION, INVALID_TERMINATION],
      ['call dynamic()', INVALID_TERMINATION, INVALID_TERMINATION],
      ["do $$ begin execute 'commit'; end $$", '0A000', '0A000'],
      ['call harmless()', '00000', '00000'],
    ] as const) {
      expect([sql, await stateInside(sql), await stateOutside(sql)]).toEqual([
        sql,
        inside,
        outside,
      ]);
      const kind = outside === '00000' && inside !== '00000' ? 'standalone' : 'transactional';
      expect([sql, classify(one(sql), committing).kind]).toEqual([sql, kind]);
    }
  });
});

describe('what libpg-query does not take and a server does', () => {
  test('comments between the parts of a literal', async () => {
    const sql = "select E'a' -- ';\n -- it's\n '\\';b' as x; select 2 as x";
    expect(splitStatements(sql).map(({ text }) => text)).toEqual([
      "select E'a' -- ';\n -- it's\n '\\';b' as x",
      'select 2 as x',
    ]);
    const results: unknown = await pool.query(sql);
    expect(results).toMatchObject([{ rows: [{ x: "a';b" }] }, { rows: [{ x: 2 }] }]);
  });
});
