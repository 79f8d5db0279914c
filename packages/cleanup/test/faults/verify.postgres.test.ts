import { appendFile, mkdtemp, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { ensureTables } from '../../src/index.ts';
import { createJobsCleanup, type Mode } from './jobs-cleanup.ts';
import { addJobs, makeTables } from './jobs-tables.ts';
import { strayFiles } from './read-archive.ts';
import { restoreAll } from './restore-all.ts';
import { findWrong, verify } from './verify.ts';

// What the campaigns rest on: that each way of being wrong is found.
const db = useDatabase();
let client: pg.Client;
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ops-cleanup-verify-'));
  client = new pg.Client({ connectionString: db.url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await rm(directory, { recursive: true });
});

function settings(mode: Mode) {
  return { mode, directory, format: 'ndjson.gz', maxFileBytes: 1_000_000, maxBatch: 30 } as const;
}

/** Jobs that were cleaned up; nothing is wrong with them. */
async function cleanUp(mode: Mode): Promise<void> {
  await makeTables(client);
  const pool = db.pool({ options: '' });
  await ensureTables(pool);
  await addJobs(client, 100);
  expect((await createJobsCleanup(pool, settings(mode)).run()).ok).toBe(true);
  expect(await verify(client, settings(mode))).toEqual([]);
}

/** What is found after it; it is undone then. */
async function wrongAfter(sabotage: string, mode: Mode): Promise<string> {
  await client.query('begin');
  await client.query(sabotage);
  const wrong = await findWrong(client, settings(mode));
  await client.query('rollback');
  return wrong.join('\n');
}

const UNSEEN = 'alter table jobs disable trigger witness;';

/** What nobody may do, and what is said of it. */
const ALWAYS: readonly (readonly [string, RegExp])[] = [
  ['delete from jobs where id = (select min(id) from kept)', /a live row was removed/],
  [`${UNSEEN} delete from jobs where id = (select min(id) from kept)`, /is nowhere/],
  [
    `insert into jobs (tenant, started_at, payload) values (1, now(), '')`,
    /a live row is not what/,
  ],
  [`update jobs set payload = 'another' where id = 1`, /a live row is not what/],
  [`update steps set payload = 'another'`, /a live step is not what/],
  ['delete from steps', /a step of a live row is gone/],
  ['insert into witnessed select * from witnessed limit 1', /is deleted and deleted/],
  [`update witnessed set sum = 'another'`, /is nowhere/],
  ['update ops_cleanup.policy_runs set deleted = deleted + 1', /rows deleted are not rows gone/],
  [
    `update ops_cleanup.runs set ended_at = null;
     insert into ops_cleanup.runs (id, name, fence, started_at)
     values (gen_random_uuid(), 'default', 1, now())`,
    /two runs are open[^]*fences are not one/,
  ],
];

const IN_TABLES: readonly (readonly [string, RegExp])[] = [
  ['delete from archive.jobs where id = (select min(id) from archive.jobs)', /is nowhere/],
  ['insert into archive.jobs select * from archive.jobs limit 1', /is archived and archived/],
  [
    `insert into jobs overriding system value
     select id, tenant, status, started_at, touched, payload from archive.jobs limit 1`,
    /is archived and live|is live and archived/,
  ],
  ['delete from archive.jobs_steps', /a step not exactly once/],
  ['update archive.jobs set touched = 1', /an archived row is not what was deleted/],
  [`update archive.jobs_steps set payload = 'another'`, /an archived row is not what was deleted/],
  ['update archive.jobs set id = -id', /an archived row is not what was deleted/],
  ['update ops_cleanup.policy_runs set archived = archived - 1', /rows archived are not/],
  ['update ops_cleanup.manifest set row_count = row_count + 1', /manifest of a run differ/],
];

describe('what is planted is found', () => {
  test('in a table that was deleted from', async () => {
    await cleanUp('delete');
    for (const [sabotage, message] of ALWAYS) {
      expect([sabotage, await wrongAfter(sabotage, 'delete')]).toEqual([
        sabotage,
        expect.stringMatching(message),
      ]);
    }
    const sabotage = 'update ops_cleanup.policy_runs set archived = 1';
    expect(await wrongAfter(sabotage, 'delete')).toMatch(/archived by a plain delete/);
    expect(await verify(client, settings('delete'))).toEqual([]);
  });

  test('in a table that was archived from, and in the archive', async () => {
    await cleanUp('table');
    for (const [sabotage, message] of [...ALWAYS, ...IN_TABLES]) {
      expect([sabotage, await wrongAfter(sabotage, 'table')]).toEqual([
        sabotage,
        expect.stringMatching(message),
      ]);
    }
    expect(await verify(client, settings('table'))).toEqual([]);
  });

  test.each([
    ['a byte that is another', (path: string) => writeFile(path, 'X', { flag: 'r+' }), /checksum/],
    ['the end missing', (path: string) => truncate(path, 500), /bytes, \d+ in the manifest/],
    ['more at the end', (path: string) => appendFile(path, 'more'), /4 bytes that nobody/],
    ['another name', (path: string) => rename(path, `${path}.old`), /the file is not there/],
  ])('in a file: %s', async (_, damage, message) => {
    await cleanUp('files');
    const [name = ''] = await readdir(directory);
    await damage(join(directory, name));
    expect((await verify(client, settings('files'))).join('\n')).toMatch(message);
  });

  test('in the manifest of files', async () => {
    await cleanUp('files');
    for (const [sabotage, message] of [
      ['update ops_cleanup.manifest set row_count = row_count + 1', /rows, \d+ in the manifest/],
      ['update ops_cleanup.manifest set byte_offset = byte_offset + 1', /a gap before 1/],
      ['delete from ops_cleanup.manifest where seq = 1', /is nowhere/],
    ] as const) {
      expect([sabotage, await wrongAfter(sabotage, 'files')]).toEqual([
        sabotage,
        expect.stringMatching(message),
      ]);
    }
  });

  test('after a restore: a row that is missing or another, one too many', async () => {
    await cleanUp('table');
    const url = db.url;
    await client.query(`update archive.jobs set payload = 'another' where id = 50`);
    const { wrong } = await restoreAll(url, settings('table'));
    expect(wrong.join('\n')).toMatch(/missing, changed or too many: job 50$/);
    await client.query('delete from truth where id in (50, 60)');
    expect((await restoreAll(url, settings('table'))).wrong.join('\n')).toMatch(/job 60/);
  });
});

test('what is behind the pieces of a file that grows is garbage, and so is a file without any', async () => {
  await cleanUp('files');
  const [name = ''] = await readdir(directory);
  await appendFile(join(directory, name), 'of a batch that was rolled back');
  await rename(join(directory, name), join(directory, `${name}.open`));
  expect(await verify(client, settings('files'))).toEqual([]);
  expect(await strayFiles(client, directory)).toEqual([`${name}.open`]);
});
