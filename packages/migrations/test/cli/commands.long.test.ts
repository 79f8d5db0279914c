import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Ended, jsonLines, runProcess } from './process.ts';
import { summaryOf, useProject } from './project.ts';

const project = useProject();
const { db, folder, write, inside, run, value } = project;
/** For commands that have nothing to do with the history. */
const runBare = (...args: string[]): Promise<Ended> =>
  runProcess(args, { cwd: folder.path, env: project.env });

describe('each command, as a process of its own', { timeout: 90_000 }, () => {
  test('from the first file to its being taken back', async () => {
    const made = summaryOf(await runBare('new', 'base', '--down', '--json'));
    expect(made).toMatchObject({ command: 'new', files: [{}, {}].map(() => expect.any(String)) });
    const [up = '', down = ''] = made['files'] as string[];
    await folder.write({ [up]: 'create table t (a int);', [down]: 'drop table t;' });

    expect(summaryOf(await run('status', '--json'))).toMatchObject({ exitCode: 3, applied: [] });
    expect(summaryOf(await run('wait', '--timeout', '0', '--json'))).toMatchObject({ exitCode: 3 });
    expect(summaryOf(await run('plan', '--json'))).toMatchObject({ exitCode: 0, steps: [{}] });
    const applied = await run('up', '--json');
    expect(jsonLines(applied.stdout).map(({ type }) => type)).toEqual([
      'locked',
      'migration-started',
      'step-started',
      'step-finished',
      'migration-finished',
      'summary',
    ]);
    expect(summaryOf(applied)).toMatchObject({ exitCode: 0, applied: [{ name: 'base' }] });
    expect(summaryOf(await run('verify', '--json'))).toMatchObject({ exitCode: 0, ok: true });
    expect(summaryOf(await run('down', '--json'))).toMatchObject({ reverted: [{ name: 'base' }] });
    expect(await value("select to_regclass('t')")).toBeNull();
  });

  test('recording, adopting and repairing', async () => {
    await write({ '1_a.sql': 'select 1' });
    await db.pool().query(`create table schema_migrations (version varchar primary key);
      insert into schema_migrations values ('1')`);
    expect(summaryOf(await run('adopt', '--json'))).toMatchObject({
      detected: [{ tool: 'dbmate', schema: db.schema }],
    });
    expect(summaryOf(await run('baseline', '1', '--json'))).toMatchObject({ recorded: [{}] });
    await folder.remove('migrations/1_a.sql');
    expect(summaryOf(await run('repair', '--forget', '1', '--json'))).toMatchObject({
      exitCode: 0,
      forgotten: [{ version: '1' }],
    });
  });

  test('judging files, rules and indexes', async () => {
    await write({ '1_a.sql': 'create table t (a int);', '2_b.sql': 'drop table t;' });
    const linted = await runBare('lint', '--rule', 'ban-drop-table=error', '--json');
    expect(jsonLines(linted.stdout).slice(0, -1)).toMatchObject([
      { type: 'finding', rule: 'ban-drop-table', file: 'migrations/2_b.sql' },
    ]);
    expect(summaryOf(linted)).toMatchObject({ exitCode: 6, errorCount: 1 });
    expect(summaryOf(await runBare('explain', 'ban-drop-table', '--json'))).toMatchObject({
      rule: { id: 'ban-drop-table' },
    });
    await db.pool().query('create table t as select generate_series(1, 2000) as a; analyze t');
    await folder.write({ 'q.sql': '-- name: one row\nselect * from t where a = 7' });
    const index = ['--index', 'create index i on t (a)', '--method', 'build'];
    const advised = await runBare('advise', ...index, '--queries', 'q.sql', '--json');
    expect(summaryOf(advised)).toMatchObject({
      method: 'build',
      queries: [{ name: 'one row' }],
      indexes: [{ name: 'i' }],
    });
    expect(await value("select to_regclass('i')")).toBeNull();
  });
});

describe('what else the commands say', () => {
  test('up applies exactly the plan of a file, or nothing', async () => {
    await write({ '1_a.sql': 'create table t (a int);', '2_b.sql': 'vacuum t;' });
    const plan = join(folder.path, 'plan.json');
    const planned = await inside('plan', '--out', plan);
    expect(planned).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(plan) });
    expect((await inside('plan', '--sql')).stdout).toContain('create table t (a int);');
    expect(await inside('up', '--plan', plan, '--to', '1')).toMatchObject({ exitCode: 2 });
    expect(await inside('up', '--plan', join(folder.path, 'none.json'))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('(ENOENT)'),
    });
    expect(await inside('up', '--plan', plan)).toMatchObject({ exitCode: 0 });
    await write({ '3_c.sql': 'select 1' });
    expect(await inside('up', '--plan', plan)).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('no longer fits'),
    });
    expect(await inside('down')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('cannot be taken back'),
    });
  });

  test('drift and order are 4, with the difference and what to do', async () => {
    await write({ '2_a.sql': 'select 1' });
    await inside('up');
    await write({ '1_late.sql': 'select 2' });
    const late = await inside('up');
    expect(late).toMatchObject({ exitCode: 4 });
    expect(late.stderr).toContain('ops-migrate up --allow-out-of-order');
    await write({ '2_a.sql': 'select 3' });
    const { exitCode, stderr } = await inside('up', '--allow-out-of-order');
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/^-select 1$\n^\+select 3$/m);
    expect(stderr).toContain('ops-migrate repair --accept VERSION');
    expect(await inside('status')).toMatchObject({ exitCode: 4 });
    expect(await inside('verify')).toMatchObject({ exitCode: 4 });
    expect(await inside('repair')).toMatchObject({ exitCode: 2 });
    expect(await inside('repair', '--accept', 'all')).toMatchObject({
      exitCode: 0,
      stdout: '  accepted   2_a\n1 repaired\n',
    });
  });

  test('adopt refuses what it does not know, and takes over what it does', async () => {
    await write({ '20250101000000_a.sql': 'create table t (a int)' });
    expect(await inside('adopt')).toMatchObject({ exitCode: 1 });
    expect(await inside('adopt', 'dbmat')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Did you mean dbmate?'),
    });
    await db.pool().query(`create table schema_migrations (version varchar primary key);
      insert into schema_migrations values ('20250101000000')`);
    const adopted = await inside('adopt', 'dbmate', '--from-schema', db.schema);
    expect(adopted).toMatchObject({ exitCode: 0 });
    expect(adopted.stdout).toContain(`✓ 1 taken over from ${db.schema}.schema_migrations`);
  });
});
