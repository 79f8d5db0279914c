import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { ArchiveWriteError } from '../../src/archive/errors.ts';
import { createFileTarget, toFiles } from '../../src/archive/to-files.ts';
import { AT_ONCE } from '../expired-table.ts';
import { interceptedPool } from '../intercepted-pool.ts';
import {
  archivedRun,
  contents,
  expectExactHistory,
  makeRows,
  rowsInFiles,
  temporaryDirectory,
} from './archived-run.ts';
import { type Faults, faultyFileSystem, systemError } from './faulty-file-system.ts';

const db = useDatabase();
const SMALL = { cleanup: { pace: { ...AT_ONCE, maxBatch: 7 } } };

describe('toFiles', () => {
  test('says what is wrong with its options at once', () => {
    expect(() => toFiles({ directory: 'archive' })).toThrow(/absolute path/);
    expect(() => toFiles({ directory: '/a', format: 'csv' } as never)).toThrow(/expected one of/);
    expect(() => toFiles({ directory: '/a', timeout: '1m' })).toThrow(/timeout/);
    expect(() => toFiles({ directory: '/a', maxFileBytes: 10 })).toThrow(/maxFileBytes/);
  });

  test('a directory that is not there, or no directory, is refused', async () => {
    const pool = db.pool();
    await makeRows(pool, 1);
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'file'), '');
    for (const [name, words] of [
      ['none', 'it is not there'],
      ['file', 'it is no directory'],
    ] as const) {
      const target = toFiles({ directory: join(directory, name) });
      const report = await (await archivedRun(pool, db.schema, target)).run();
      expect(report.policies.rows.stopped).toBe('refused');
      expect(report.policies.rows.refusals[0]).toMatchObject({ code: 'archive' });
      expect(report.policies.rows.refusals[0]?.message).toContain(words);
    }
    expect(await contents(pool, 'rows')).toHaveLength(1);
  });

  test('writes one growing file, and syncs before each commit', async () => {
    const pool = db.pool();
    await makeRows(pool, 20);
    const directory = await temporaryDirectory();
    const files = faultyFileSystem({});
    const commits: string[][] = [];
    const watched = interceptedPool(pool, (text, run) => {
      if (text === 'commit') commits.push(files.steps.splice(0));
      return run();
    });
    const target = createFileTarget({ directory, format: 'ndjson' }, files);
    const cleanup = await archivedRun(pool, db.schema, target, {
      ...SMALL,
      through: watched,
    });
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 20 });
    expect(commits.filter((steps) => steps.length > 0)).toEqual([
      ['create', 'syncDirectory', 'write', 'datasync'],
      ['write', 'datasync'],
      ['write', 'datasync'],
      ['close', 'rename', 'syncDirectory'],
    ]);
    const [name, ...others] = await readdir(directory);
    expect(others).toEqual([]);
    expect(name).toMatch(/^rows-[0-9a-f-]{36}-000001-[0-9a-f]{8}\.ndjson$/);
    const lines = (await readFile(join(directory, name ?? ''), 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(23);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      format: 'ops-cleanup/1',
      policy: 'rows',
      seq: 1,
      table: `"${db.schema}"."rows"`,
      rowCount: 7,
      columns: [
        { name: 'id', type: 'integer' },
        { name: 'note', type: 'text' },
        { name: 'at', type: 'timestamp with time zone' },
      ],
    });
    expect(lines[1]).toBe('["1","note 1","2020-01-01 00:00:00+00"]');
    await expectExactHistory(pool, db.schema);
  });

  test('begins another file when one is full, and is read by zcat as a whole', async () => {
    const pool = db.pool();
    await makeRows(pool, 200);
    const directory = await temporaryDirectory();
    const target = toFiles({ directory, maxFileBytes: 1_000 });
    const cleanup = await archivedRun(pool, db.schema, target, SMALL);
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 200 });
    const names = await readdir(directory);
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => name.endsWith('.open'))).toEqual([]);
    const ids = (await rowsInFiles(directory)).map(([id]) => Number(id));
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 200 });
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 0, alreadyThere: 200 });
  });

  test('a batch that is rolled back after it was written is written over', async () => {
    const pool = db.pool();
    await makeRows(pool, 30);
    const directory = await temporaryDirectory();
    let isFailing = true;
    const failing = interceptedPool(pool, (text, run) => {
      // The rows are in the file by then; as if a deadlock had come in between.
      if (isFailing && /update .*policy_runs[^]*cursor/.test(text)) {
        isFailing = false;
        throw Object.assign(new Error('deadlock detected'), { code: '40P01', severity: 'ERROR' });
      }
      return run();
    });
    const target = toFiles({ directory, format: 'ndjson' });
    const cleanup = await archivedRun(pool, db.schema, target, {
      ...SMALL,
      through: failing,
    });
    const report = await cleanup.run();
    expect(isFailing).toBe(false);
    expect(report.policies.rows).toMatchObject({ stopped: 'drained', archived: 30 });
    const ids = (await rowsInFiles(directory)).map(([id]) => Number(id));
    expect(ids).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
    await expectExactHistory(pool, db.schema);
  });

  test('rows that refuse are in no file', async () => {
    const pool = db.pool();
    await makeRows(pool, 30);
    // One refuses at once, one only when constraints are checked.
    await pool.query(
      `
      create table uses (row_id int unique references rows deferrable initially deferred);
      insert into uses values (9);
      create function refuse() returns trigger language plpgsql as
        'begin if old.id = 20 then raise ''no''; end if; return old; end';
      create trigger refuse before delete on rows for each row execute function refuse();
      create constraint trigger later after delete on rows deferrable initially deferred
        for each row when (old.id = 25) execute function refuse_later()`.replace(
        'create constraint trigger',
        `create function refuse_later() returns trigger language plpgsql as
        'begin raise ''not now''; end';
      create constraint trigger`,
      ),
    );
    const directory = await temporaryDirectory();
    const cleanup = await archivedRun(pool, db.schema, toFiles({ directory }), SMALL);
    const report = await cleanup.run();
    expect(report.policies.rows).toMatchObject({ stopped: 'blocked', archived: 27 });
    const left = (await contents(pool, '(select id from rows)')).toSorted();
    expect(left).toEqual(['(20)', '(25)', '(9)']);
    const ids = (await rowsInFiles(directory)).map(([id]) => `(${String(id)})`);
    expect(new Set(ids).size).toBe(27);
    expect(left.filter((id) => ids.includes(id))).toEqual([]);
    await expectExactHistory(pool, db.schema);
  });
});

describe('a disk that fails', () => {
  const fails = async (
    faults: Faults,
    options: { timeout?: string } = {},
  ): Promise<{ error: Error; directory: string }> => {
    const pool = db.pool();
    await makeRows(pool, 20);
    const directory = await temporaryDirectory();
    const target = createFileTarget(
      { directory, format: 'ndjson', timeout: '5s', ...(options as object) },
      faultyFileSystem(faults),
    );
    const cleanup = await archivedRun(pool, db.schema, target, SMALL);
    const report = await cleanup.run();
    const { stopped, deleted, archived, error } = report.policies.rows;
    expect(stopped).toBe('failed');
    expect(error?.cause).toBeInstanceOf(ArchiveWriteError);
    expect(archived).toBe(deleted);
    const live = await contents(pool, 'rows');
    expect(live).toHaveLength(20 - deleted);
    await expectExactHistory(pool, db.schema);
    // Nothing that was committed before depends on what failed.
    if (deleted > 0) expect(await cleanup.restore()).toMatchObject({ ok: true, restored: deleted });
    expect(await contents(pool, 'rows')).toHaveLength(20);
    // Another run, on a disk that works, clears up and goes on.
    const next = await archivedRun(pool, db.schema, toFiles({ directory, format: 'ndjson' }));
    expect(await next.run()).toMatchObject({ ok: true, deleted: 20 });
    expect((await readdir(directory)).filter((name) => name.endsWith('.open'))).toEqual([]);
    expect(await next.restore()).toMatchObject({ ok: true, restored: 20 });
    return { error: error as Error, directory };
  };
  const nth = (step: string, number: number, code: string): Faults => {
    let count = 0;
    return {
      before(name) {
        if (name !== step) return;
        count += 1;
        if (count === number) throw systemError(code);
      },
    };
  };

  test('ENOSPC on the first write', async () => {
    const { error } = await fails(nth('write', 1, 'ENOSPC'));
    expect(error.message).toContain('the disk is full');
  });

  test('ENOSPC in the middle of a later batch', async () => {
    const faults: Faults = { ...nth('write', 9, 'ENOSPC'), writeMax: 100 };
    const { directory } = await fails(faults);
    expect((await rowsInFiles(directory)).length).toBeGreaterThanOrEqual(20);
  });

  test('EIO on fsync: the file is not touched again', async () => {
    const files: Faults = nth('datasync', 2, 'EIO');
    const { error } = await fails(files);
    expect(error.message).toContain('EIO');
  });

  test('EIO on the fsync of the directory', async () => {
    const { error } = await fails(nth('syncDirectory', 1, 'EIO'));
    expect(error.message).toContain('EIO');
  });

  test('a file that cannot be made', async () => {
    const { error } = await fails(nth('create', 1, 'EACCES'));
    expect(error.message).toContain('EACCES');
  });

  test('takes no bytes', async () => {
    const { error } = await fails({ writeMax: 0 });
    expect(error.message).toContain('took 0 of');
  });

  test.each(['create', 'write', 'datasync'] as const)('hangs in %s', async (step) => {
    let isHanging = true;
    const { error } = await fails(
      {
        before(name) {
          if (name !== step || !isHanging) return undefined;
          isHanging = false;
          return new Promise<void>(() => {});
        },
      },
      { timeout: '30ms' },
    );
    expect(error.message).toContain('within 30 ms');
  });

  test('short writes are gone on with', async () => {
    const pool = db.pool();
    await makeRows(pool, 20);
    const directory = await temporaryDirectory();
    const target = createFileTarget({ directory }, faultyFileSystem({ writeMax: 13 }));
    const cleanup = await archivedRun(pool, db.schema, target, SMALL);
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 20 });
    expect(await cleanup.restore()).toMatchObject({ ok: true, restored: 20 });
  });
});

describe('what is left', () => {
  test('of another history, or of a run that goes on, is not touched', async () => {
    const pool = db.pool();
    await makeRows(pool, 3);
    const directory = await temporaryDirectory();
    const cleanup = await archivedRun(pool, db.schema, toFiles({ directory }));
    const other = '11111111-1111-4111-8111-111111111111';
    const going = '22222222-2222-4222-8222-222222222222';
    const over = '33333333-3333-4333-8333-333333333333';
    await pool.query(`
      insert into ${db.schema}.runs (id, name, fence, started_at, ended_at)
      values ('${going}', 'other', 1, now(), null), ('${over}', 'other', 1, now(), now())`);
    const names = [other, going, over].map((id) => `x-${id}-000001-abcdef01.ndjson.gz.open`);
    for (const name of [...names, 'notes.open', 'rows.ndjson']) {
      await writeFile(join(directory, name), 'x');
    }
    expect(await cleanup.run()).toMatchObject({ ok: true, deleted: 3 });
    const left = await readdir(directory);
    expect(left).toContain(names[0]);
    expect(left).toContain(names[1]);
    expect(left).not.toContain(names[2]);
    expect(left).toEqual(expect.arrayContaining(['notes.open', 'rows.ndjson']));
  });

  test('when nobody knows whether a commit went through, the file keeps it and the manifest judges', async () => {
    for (const isCommitted of [true, false]) {
      const pool = db.pool();
      const table = `rows_${String(isCommitted)}`;
      await makeRows(pool, 20, table);
      const directory = await temporaryDirectory();
      let batches = 0;
      let isLost = false;
      const losing = interceptedPool(pool, async (text, run) => {
        if (isLost && text.includes('pg_xact_status')) throw new Error('not now');
        if (text.includes('.manifest')) batches += 1;
        if (text !== 'commit' || batches < 3 || isLost) return run();
        isLost = true;
        if (isCommitted) await run();
        throw new Error('connection lost');
      });
      const target = toFiles({ directory, format: 'ndjson' });
      const cleanup = await archivedRun(pool, db.schema, target, {
        ...SMALL,
        table,
        through: losing,
      });
      const report = await cleanup.run();
      expect(isLost).toBe(true);
      expect(report.policies.rows.stopped).toBe('failed');
      const runId = await cleanup.lastRunId();
      const live = await contents(pool, table);
      const next = await archivedRun(pool, db.schema, target, { table });
      expect(await next.run()).toMatchObject({ ok: true, deleted: live.length });
      // Swept: exactly the committed rows are in files.
      const ids = (await rowsInFiles(directory)).map(([id]) => Number(id));
      expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
      expect(await next.restore()).toMatchObject({ ok: true, restored: live.length });
      expect(await next.restore({}, runId)).toMatchObject({ ok: true, restored: 20 - live.length });
      expect(await contents(pool, table)).toHaveLength(20);
    }
  });
});
