import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { jsonLines, runProcess } from './process.ts';
import { summaryOf, useProject } from './project.ts';
import { runInside } from './world.ts';

const project = useProject();
const { db, folder, write, inside, run, start, value } = project;

const ASLEEP =
  "select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
const LOCKS = `select 1 from pg_locks where locktype = 'advisory'
  and database = (select oid from pg_database where datname = current_database())`;

async function untilAsleep(pool: pg.Pool): Promise<void> {
  while ((await pool.query(ASLEEP)).rowCount === 0);
}

describe('errors', () => {
  test('show the place once, with the excerpt', async () => {
    await write({ '1_a.sql': 'create table t (a int);\nselect nöpe from t;' });
    const { exitCode, stdout, stderr } = await run('up');
    expect([exitCode, stdout]).toEqual([1, '1 pending\n  ✗ 1_a\n']);
    expect(stderr).toBe(
      [
        'Using migrations (no --dir given)',
        '✗ migrations/1_a.sql:2:8: column "nöpe" does not exist (SQLSTATE 42703, statement 2 of 2)',
        '  2 | select nöpe from t;',
        '    |        ^',
        '',
      ].join('\n'),
    );
  });

  test.each([
    ['a closed port', 'postgres://u:hunter2secret@127.0.0.1:1/db', 1],
    ['no URL', 'postgre://u:hunter2secret@127.0.0.1/db', 2],
    ['a password with a slash', 'postgres://127.0.0.1:1/hunter2secret@127.0.0.1/db', 1],
  ])('%s does not show the password', async (_, url, exitCode) => {
    for (const more of [[], ['--json'], ['--verbose']]) {
      for (const given of [['--database-url', url], [`--database-url=${url}`], []]) {
        const args = ['status', '--dir', folder.path, ...more, ...given];
        const env = given.length > 0 ? {} : { DATABASE_URL: url };
        const ended = await runInside(args, { env });
        expect(ended.stdout + ended.stderr).not.toContain('hunter2');
        expect(ended.exitCode).toBe(exitCode);
      }
    }
    const misplaced = await runInside(['status', url]);
    expect(misplaced.exitCode).toBe(2);
    expect(misplaced.stderr).not.toContain('hunter2');
  });

  test('names of files cannot act on a terminal or on a log', async () => {
    const names = ['1_a\u001B[2J\n::add-mask::x.sql', '2_\u001B[31mred.sql', '3_\u202Ea.sql'];
    for (const name of names) {
      await write({ [name]: 'select 1' });
      for (const more of [[], ['--json']]) {
        const { stdout, stderr } = await inside('status', ...more);
        expect(stdout + stderr).toContain('1');
        // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
        expect(stdout + stderr).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f]/);
        expect(stdout + stderr).not.toMatch(/^\s*::/m);
      }
      await folder.remove(`migrations/${name}`);
    }
  });
});

describe('a process', { timeout: 90_000 }, () => {
  test('interrupted in a slow statement leaves no lock, and the next one goes on', async () => {
    await write({ '1_a.sql': 'create table t (a int); vacuum t; select pg_sleep(600);' });
    const running = start('up');
    const watching = db.pool({ max: 1 });
    await untilAsleep(watching);
    running.kill('SIGINT');
    const { exitCode, stdout, stderr } = await running.ended;
    expect(exitCode).toBe(130);
    expect(stdout).toMatch(/✗ 1_a +in step 3 of 3\n$/);
    expect(stderr).toContain('! Interrupted by SIGINT. What ran was cancelled and rolled back');
    expect((await watching.query(ASLEEP)).rowCount).toBe(0);
    expect((await watching.query(LOCKS)).rowCount).toBe(0);
    await write({ '1_a.sql': 'create table t (a int); vacuum t; select 1;' });
    const rerun = await inside('up');
    expect(rerun.stdout).toContain('goes on at step 3 of 3');
    expect(rerun.exitCode).toBe(0);
  });

  test('that does not get the lock ends with 5, one that is terminated with 143', async () => {
    await write({ '1_a.sql': 'select pg_sleep(600)' });
    const holding = start('up');
    await untilAsleep(db.pool({ max: 1 }));
    expect(summaryOf(await run('up', '--lock-wait', '0', '--json'))).toMatchObject({
      exitCode: 5,
      error: { holder: { pid: expect.any(Number) } },
    });
    holding.kill('SIGTERM');
    expect(await holding.ended).toMatchObject({ exitCode: 143 });
  });

  test('whose reader goes away does its work to the end, quietly', async () => {
    const files = Array.from({ length: 30 }, (_, at) => [`${at + 1}_a.sql`, 'select 1'] as const);
    await write(Object.fromEntries(files));
    const running = start('up');
    running.hangUp();
    const { exitCode, stderr } = await running.ended;
    expect([exitCode, stderr]).toEqual([0, 'Using migrations (no --dir given)\n']);
    expect(await value(`select count(*)::int from ${db.schema}.migrations`)).toBe(30);
  });

  test('with nothing to do loads neither lint, advise nor the engine', async () => {
    await write({ '1_a.sql': 'select 1' });
    await inside('up');
    const recorder = fileURLToPath(new URL('./record-modules.ts', import.meta.url));
    const { stderr, exitCode } = await runProcess(['up', '--schema', db.schema], {
      cwd: folder.path,
      env: project.env,
      nodeArgs: ['--import', recorder],
    });
    expect(exitCode).toBe(0);
    const loaded = stderr
      .split('\n')
      .flatMap((url) => /packages\/migrations\/src\/(.*)$/.exec(url)?.[1] ?? []);
    expect(loaded).toContain('cli/commands/up.ts');
    const heavy = loaded.filter((name) => /^(?:lint|advise|engine|performance)/.test(name));
    // How text is made harmless; they import nothing.
    expect(heavy.toSorted()).toEqual(['lint/report/json.ts', 'lint/report/printable.ts']);
    expect(stderr).not.toMatch(/libpg-query|pglite|\/zod\//);
  });

  test('takes packs from a configuration, whose pool it ends', async () => {
    const src = new URL('../../src/index.ts', import.meta.url).href;
    await write({ '1_a.sql': 'select 1' });
    await mkdir(join(folder.path, 'other'));
    await folder.write({
      'other/2_b.sql': 'select 2',
      'ops.config.ts': `
        import pg from '${import.meta.resolve('pg')}';
        import { definePack, directory, pack, type MigratorOptions } from '${src}';
        const events = definePack({
          name: 'events',
          migrations: [{ version: '1', name: 'table', sql: 'create table {{schema}}.e (a int)' }],
        });
        export default {
          connection: new pg.Pool({ connectionString: process.env.URL }),
          sources: [pack(events, { schema: '${db.schema}' }), directory('migrations')],
          history: { schema: 'not_used' },
        } satisfies MigratorOptions;`,
    });
    const args = ['up', '--config', 'ops.config.ts', '--dir', 'other', '--schema', db.schema];
    const { stdout, exitCode } = await runProcess([...args, '--json'], {
      cwd: folder.path,
      env: { URL: project.env['DATABASE_URL'] ?? '' },
    });
    expect(exitCode).toBe(0);
    expect(jsonLines(stdout).at(-1)).toMatchObject({
      applied: [
        { pack: 'events', version: '1' },
        { pack: '', version: '2' },
      ],
    });
  });
});
