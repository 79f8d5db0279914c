import pg from 'pg';
import { expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import type { SqlClient, SqlResult } from '../../src/database/client.ts';
import { createMigrator, directory, type MigratorOptions } from '../../src/index.ts';
import { useFolder } from '../folder.ts';
import { inSchema } from '../replica.ts';

const db = useDatabase();
const folder = useFolder();

/** Options whose connection notes every message it sends. */
function noting(): { options: MigratorOptions; sent: string[] } {
  const sent: string[] = [];
  const connection = async (): Promise<SqlClient> => {
    const client = new pg.Client({ connectionString: inSchema(db.url, db.schema) });
    await client.connect();
    return {
      query(text, values): Promise<SqlResult> {
        sent.push(text);
        return client.query(text, values);
      },
      end: () => client.end(),
      on: (event, listener) => client.on(event, listener),
      off: (event, listener) => client.off(event, listener),
    };
  };
  const sources = [directory(folder.path)];
  return { options: { connection, sources, history: { schema: db.schema } }, sent };
}

test('up with nothing to do sends one message', async () => {
  await folder.write({ '1_a.sql': 'select 1', '2_b.sql': 'select 2' });
  const { options, sent } = noting();
  const migrator = createMigrator(options);
  await migrator.up();
  const counts: Record<string, number> = {};
  for (const method of ['up', 'assertCurrent', 'status'] as const) {
    sent.length = 0;
    await migrator[method]();
    counts[method] = sent.length;
  }
  expect(counts).toEqual({ up: 1, assertCurrent: 1, status: 1 });
});

test('the row tells all about the file, its text included', async () => {
  const text = "select 'naïve 🐘';\n";
  await folder.write({ '007_a.sql': `\uFEFF${text}` });
  await createMigrator(noting().options).up();
  const { rows } = await db.pool().query(`select * from ${db.schema}.migrations`);
  expect(rows).toEqual([
    {
      pack: '',
      version: '7',
      name: 'a',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      raw_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      body: expect.any(Buffer),
      step_count: 1,
      steps_done: 1,
      steps_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      step_running: false,
      is_reverting: false,
      position: null,
      origin: 'up',
      duration_ms: expect.stringMatching(/^\d+$/),
      started_at: expect.any(Date),
      applied_at: expect.any(Date),
      applied_by: 'postgres',
    },
  ]);
  const { decodeBody } = await import('../../src/history/body.ts');
  expect(decodeBody((rows[0] as { body: Buffer }).body.toString('base64'))).toBe(text);
});

test.each([
  ['an empty text', ''],
  ['one character', 'x'],
  ['control characters', '\u001F\u008B\b'],
  ['a text of some size', 'select 1; -- ä\n'.repeat(50)],
  ['a large text', 'select 1; -- ä\n'.repeat(20_000)],
])('%s comes back as it was', async (_, text) => {
  const { decodeBody, encodeBody } = await import('../../src/history/body.ts');
  expect(decodeBody(encodeBody(text))).toBe(text);
});

test('a connection that reads numbers, dates and truth in its own way makes no difference', async () => {
  await folder.write({ '1_a.sql': 'select 1' });
  const TEXT_OID = 25;
  const types = {
    getTypeParser: (oid: number) => (value: string) => (oid === TEXT_OID ? value : `odd ${value}`),
  };
  const connection = async (): Promise<pg.Client> => {
    const connectionString = inSchema(db.url, db.schema);
    const client = new pg.Client({ connectionString, types });
    await client.connect();
    return client;
  };
  const { options } = noting();
  await createMigrator(options).up();
  const status = await createMigrator({ ...options, connection }).status();
  expect(status).toEqual(await createMigrator(options).status());
  expect(status.applied).toHaveLength(1);
});

test('a recorded text that somebody has damaged leaves drift its name, without a diff', async () => {
  await folder.write({ '1_a.sql': 'select 1' });
  const migrator = createMigrator(noting().options);
  await migrator.up();
  await db.pool().query(`update ${db.schema}.migrations set body = '\\x1f8b00'`);
  await folder.write({ '1_a.sql': 'select 2' });
  await expect(migrator.up()).rejects.toMatchObject({
    code: 'ERR_OPS_MIGRATION_DRIFT',
    files: [{ version: '1', diff: undefined }],
  });
});
