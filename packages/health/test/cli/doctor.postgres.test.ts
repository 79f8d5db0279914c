import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { useDatabase } from '../../../../test/postgres.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { runProcess } from './process.ts';

const db = useDatabase();

/** In this process. */
const run = (...argv: string[]) => runCli({ argv, env: { DATABASE_URL: db.url }, process });

interface Printed {
  readonly exitCode: number;
  readonly findings: readonly { readonly name: string; readonly level: string }[];
}

async function report(...argv: string[]): Promise<Printed> {
  const { exitCode, stdout = '', stderr } = await run('doctor', '--json', ...argv);
  expect(stderr).toBe('');
  const printed = JSON.parse(stdout) as Printed;
  expect(printed.exitCode).toBe(exitCode);
  return printed;
}

test('ends by the worst finding: 0, 3 for a warning, 4 for an error', async () => {
  const pool = db.pool();
  expect((await report()).exitCode).toBe(0);
  await pool.query(`create table parents (id int primary key);
    create table children (id int primary key, parent int);
    create sequence used maxvalue 100;
    select setval('used', 90);`);
  const warned = await report();
  expect(warned.exitCode).toBe(3);
  expect(warned.findings[0]).toMatchObject({ level: 'warn' });
  await pool.query("insert into children values (1, 7); select setval('used', 99)");
  const relation = `${db.schema}.children.parent=${db.schema}.parents.id`;
  const failed = await report('--relation', relation);
  expect(failed.exitCode).toBe(4);
  expect(failed.findings[0]).toMatchObject({ level: 'error', check: 'sequences' });
  const dangling = expect.objectContaining({
    check: 'consistency',
    object: relation.replace('=', ' → '),
  });
  expect(failed.findings).toContainEqual(dangling);
});

test('as a process prints text with remedies, and never the password', async () => {
  await db
    .pool()
    .query(`create sequence "a\u001B[2J" maxvalue 100; select setval('"a\u001B[2J"', 90)`);
  const { exitCode, stdout, stderr } = await runProcess(['doctor'], {
    env: { DATABASE_URL: db.url },
  });
  expect([exitCode, stderr]).toEqual([3, '']);
  expect(stdout).toMatch(/^PostgreSQL \d+\.\d+, primary, database /);
  expect(stdout).toMatch(/\nWARN +sequences\/.*\n.*\n +→ /);
  expect(stdout).toContain('\\u001b[2J');
  expect(stdout).not.toContain('\u001B');
});

describe('the password', () => {
  test.each([
    ['wrong', 'postgres://nobody:hunter2secret@HOST/postgres', 1],
    ['the server is away', 'postgres://u:hunter2secret@127.0.0.1:1/db', 1],
    ['not escaped: /', 'postgres://u:1/hunter2secret@127.0.0.1/db', 64],
    ['not escaped: #', 'postgres://u:1#hunter2secret@127.0.0.1/db', 64],
    ['not escaped: ?', 'postgres://u:1?hunter2secret@127.0.0.1/db', 64],
    ['no URL', 'postgre://u:hunter2secret@127.0.0.1/db', 64],
    ['in the name of the database', 'postgres://u:hunter2secret@HOST/a%1Bhunter2secret', 1],
  ])('%s', async (_, template, exitCode) => {
    const url = template.replace('HOST', new URL(db.url).host);
    const [text, json] = [
      await run('doctor', '--database-url', url),
      await run('doctor', '--database-url', url, '--json'),
    ];
    expect([text.exitCode, json.exitCode]).toEqual([exitCode, exitCode]);
    expect(JSON.stringify([text, json])).not.toContain('hunter2');
    expect(JSON.parse(json.stdout ?? '')).toMatchObject({ exitCode, error: {} });
  });

  test('that was given in PGPASSWORD is hidden as well', async () => {
    const env = { PGPASSWORD: 'hunter2secret', DATABASE_URL: 'postgres://u@127.0.0.1:1/db' };
    const relation = ['--relation', 'hunter2secret=x'];
    const ended = await runCli({ argv: ['doctor', ...relation], env, process });
    expect(ended).toMatchObject({ exitCode: 1 });
    expect(`${ended.stdout}${ended.stderr}`).not.toContain('hunter2');
  });
});

test('without pg says what to install', { timeout: 30_000 }, async () => {
  const modules = fileURLToPath(new URL('./modules.ts', import.meta.url));
  const { exitCode, stderr } = await runProcess(['doctor'], {
    env: { DATABASE_URL: db.url },
    nodeArgs: ['--import', modules],
  });
  expect(exitCode).toBe(64);
  expect(stderr).toContain('ops-health: doctor: the package pg is not installed\nnpm install pg\n');
});

test('interrupted while it waits for a lock, it ends at once and leaves no connection', async () => {
  await db.pool().query('create table t (id int primary key, ref int)');
  const client = await db.pool({ max: 1 }).connect();
  await client.query('begin; lock table t');
  const controller = new AbortController();
  const target = {
    on: (name: string, listener: () => void) => {
      if (name === 'SIGTERM') controller.signal.addEventListener('abort', listener);
    },
    off: () => {},
  };
  const running = runCli({
    argv: ['doctor', '--relation', `${db.schema}.t.ref=${db.schema}.t.id`],
    env: { DATABASE_URL: db.url },
    process: target,
  });
  const waiting = `select 1 from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  const watching = db.pool({ max: 1 });
  while ((await watching.query(waiting)).rowCount === 0);
  controller.abort();
  expect(await running).toMatchObject({
    exitCode: 143,
    stderr: 'ops-health: Interrupted by SIGTERM\n',
  });
  await client.query('rollback');
  const connected = `select 1 from pg_stat_activity
    where datname = current_database() and application_name = '@ops/health'`;
  while ((await watching.query(connected)).rowCount !== 0);
  client.release();
});
