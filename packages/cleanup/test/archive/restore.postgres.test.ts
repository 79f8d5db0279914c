import { readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { ArchiveDamagedError, RestoreRefusedError } from '../../src/archive/errors.ts';
import { toFiles } from '../../src/archive/to-files.ts';
import { toTable } from '../../src/archive/to-table.ts';
import type { ArchiveTarget } from '../../src/batch/action.ts';
import { AT_ONCE } from '../expired-table.ts';
import {
  type ArchivedRun,
  archivedRun,
  contents,
  makeRows,
  temporaryDirectory,
} from './archived-run.ts';

const db = useDatabase();
const SMALL = { cleanup: { pace: { ...AT_ONCE, maxBatch: 7 } } };

async function archived(pool: pg.Pool, target: ArchiveTarget, count = 20): Promise<ArchivedRun> {
  await makeRows(pool, count);
  const cleanup = await archivedRun(pool, db.schema, target, SMALL);
  expect(await cleanup.run()).toMatchObject({ ok: true, deleted: count });
  return cleanup;
}

const TARGETS: readonly (readonly [string, () => Promise<ArchiveTarget>])[] = [
  ['table', () => Promise.resolve(toTable('old'))],
  ['files', async () => toFiles({ directory: await temporaryDirectory() })],
];

describe.each(TARGETS)('restore from %s', (kind, target) => {
  test('gives a new column its default', async () => {
    const pool = db.pool();
    const cleanup = await archived(pool, await target());
    await pool.query(`
      alter table rows add column kind text not null default 'plain';
      alter table rows add column length int generated always as (length(note)) stored;
      alter table rows add column number bigint generated always as identity`);
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 20 });
    expect(await contents(pool, '(select kind, length from rows where id = 3)')).toEqual([
      '(plain,6)',
    ]);
  });

  test('names every column that does not fit, and changes nothing', async () => {
    const pool = db.pool();
    const cleanup = await archived(pool, await target());
    await pool.query(`
      alter table rows drop column note;
      alter table rows alter column at type timestamp;
      alter table rows add column must int not null`);
    const error: unknown = await cleanup.restore().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RestoreRefusedError);
    expect((error as RestoreRefusedError).problems).toEqual([
      expect.stringContaining('Column note (text) is not in'),
      expect.stringContaining('is of type timestamp without time zone now'),
      expect.stringContaining('Column must of'),
    ]);
    expect(await contents(pool, 'rows')).toEqual([]);
    await pool.query('drop table rows');
    await expect(cleanup.restore()).rejects.toThrow(/"rows" is not there; make it/);
  });

  test('goes to another table when asked', async () => {
    const pool = db.pool();
    const cleanup = await archived(pool, await target());
    await pool.query('create table looked_at (like rows including all)');
    expect(await cleanup.restore({ into: 'looked_at' })).toMatchObject({ ok: true, restored: 20 });
    expect(await contents(pool, 'looked_at')).toHaveLength(20);
    expect(await contents(pool, 'rows')).toEqual([]);
  });

  test('leaves a row that is there as it is', async () => {
    const pool = db.pool();
    const cleanup = await archived(pool, await target());
    await pool.query(`insert into rows values (5, 'newer', now())`);
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 19, alreadyThere: 1 });
    expect(await contents(pool, '(select note from rows where id = 5)')).toEqual(['(newer)']);
    // The archived version is not thrown away.
    const kept = kind === 'table' ? await contents(pool, '(select note from old)') : [`("note 5")`];
    expect(kept).toEqual([`("note 5")`]);
    await pool.query('delete from rows where id = 5');
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 1, alreadyThere: 19 });
    expect(await contents(pool, '(select note from rows where id = 5)')).toEqual([`("note 5")`]);
  });

  test('stops between batches, and is gone on with', async () => {
    const pool = db.pool();
    const cleanup = await archived(pool, await target());
    const controller = new AbortController();
    // The 10th row is in the second of three batches.
    await pool.query(`
      create function refuse() returns trigger language plpgsql as
        'begin if new.id = 10 then raise ''not yet''; end if; return new; end';
      create trigger refuse before insert on rows for each row execute function refuse()`);
    const failed = await cleanup.restore({ signal: controller.signal });
    expect(failed).toMatchObject({ ok: false, error: { message: 'not yet' } });
    expect(failed.restored).toBeGreaterThan(0);
    expect(await contents(pool, 'rows')).toHaveLength(failed.restored);
    await pool.query('drop trigger refuse on rows');
    controller.abort(new Error('enough'));
    expect(
      await cleanup.restore({ signal: controller.signal }).catch((error: unknown) => error),
    ).toMatchObject({ message: 'enough' });
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 20 - failed.restored });
    expect(await contents(pool, 'rows')).toHaveLength(20);
    const { rows } = await pool.query<{ all: boolean }>(
      `select bool_and(restored_count = row_count and restored_at is not null) as all from manifest`,
    );
    expect(rows[0]?.all).toBe(true);
  });

  test('two at once restore each row once', async () => {
    const pool = db.pool();
    const cleanup = await archived(pool, await target());
    const reports = await Promise.all([cleanup.restore(), cleanup.restore()]);
    expect(reports.map(({ ok }) => ok)).toEqual([true, true]);
    expect(reports.reduce((sum, { restored }) => sum + restored, 0)).toBe(20);
    expect(await contents(pool, 'rows')).toHaveLength(20);
  });

  test('says that there is nothing of a run or policy', async () => {
    const pool = db.pool();
    const cleanup = await archived(pool, await target());
    await expect(cleanup.restore({}, crypto.randomUUID())).rejects.toThrow(/has nothing/);
    await expect(cleanup.restore({ policy: 'others' })).rejects.toThrow(/by policy others/);
    await expect(cleanup.restore({}, 'yesterday')).rejects.toThrow(/expected the id of a run/);
  });
});

test('rows that were purged from an archive table are said to be missing', async () => {
  const pool = db.pool();
  const cleanup = await archived(pool, toTable('old'));
  await pool.query('delete from old where id in (1, 20)');
  expect(await cleanup.restore()).toMatchObject({ ok: false, restored: 18, missing: 2 });
  expect(await cleanup.restore()).toMatchObject({ ok: false, restored: 0, missing: 2 });
});

describe('files', () => {
  async function files(count = 20): Promise<{
    readonly pool: pg.Pool;
    readonly cleanup: ArchivedRun;
    readonly directory: string;
    readonly path: string;
  }> {
    const pool = db.pool();
    const directory = await temporaryDirectory();
    const cleanup = await archived(pool, toFiles({ directory }), count);
    const [name = ''] = await readdir(directory);
    return { pool, cleanup, directory, path: join(directory, name) };
  }

  test.each([
    [
      'one bit is flipped',
      async (path: string) => {
        const bytes = await readFile(path);
        bytes[bytes.length - 30] = (bytes[bytes.length - 30] ?? 0) ^ 1;
        await writeFile(path, bytes);
      },
      /expected sha256/,
    ],
    ['it is too short', (path: string) => truncate(path, 300), /expected \d+ bytes, found/],
    ['it is gone', (path: string) => rm(path), /is not there/],
  ] as const)('nothing is restored when %s', async (_, harm, words) => {
    const { pool, cleanup, path } = await files();
    await harm(path);
    const error: unknown = await cleanup.restore().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ArchiveDamagedError);
    expect((error as Error).message).toMatch(words);
    expect(await contents(pool, 'rows')).toEqual([]);
  });

  test('what is behind the committed pieces counts for nothing', async () => {
    const { pool, cleanup, path } = await files();
    await writeFile(path, 'garbage', { flag: 'a' });
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 20 });
    expect(await contents(pool, 'rows')).toHaveLength(20);
  });

  test('that were moved are found where it is said', async () => {
    const { cleanup, path } = await files();
    const elsewhere = await temporaryDirectory();
    await rename(path, join(elsewhere, path.slice(path.lastIndexOf('/'))));
    await expect(cleanup.restore()).rejects.toThrow(ArchiveDamagedError);
    expect(await cleanup.restore({ from: elsewhere })).toMatchObject({ ok: true, restored: 20 });
  });

  test('a parent that is gone for good is told, and its batch stays out', async () => {
    const pool = db.pool();
    await makeRows(pool, 5);
    await pool.query(`
      create table owners (id int primary key);
      insert into owners values (1);
      alter table rows add column owner int references owners default 1`);
    await pool.query('update rows set owner = 1');
    const directory = await temporaryDirectory();
    const cleanup = await archivedRun(pool, db.schema, toFiles({ directory }));
    await cleanup.run();
    await pool.query('delete from owners');
    expect(await cleanup.restore()).toMatchObject({ ok: false, error: { code: '23503' } });
    await pool.query('insert into owners values (1)');
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 5 });
  });
});
