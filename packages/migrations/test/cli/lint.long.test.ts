import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorLines } from '../../src/cli/error-lines.ts';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import { plainText } from '../../src/cli/line.ts';
import { ConnectionError, MissingPeerError } from '../../src/errors.ts';
import { useFolder } from '../folder.ts';
import { type Printed, runInside } from './world.ts';

const folder = useFolder();
const lint = async (...args: string[]): Promise<Printed> => {
  await folder.write({ '1_a.sql': 'create table t (a int);', '2_b.sql': 'drop table t;' });
  return runInside(['lint', '--dir', folder.path, ...args]);
};

describe('lint', () => {
  test('writes text, JSON, GitHub commands and SARIF', async () => {
    const rule = ['--rule', 'ban-drop-table=error'];
    const text = await lint(...rule);
    expect(text).toMatchObject({ exitCode: 6, stderr: '' });
    expect(text.stdout).toMatch(/2_b\.sql:1:\d+ {2}error ban-drop-table/);
    const github = await lint(...rule, '--since', '2', '--format', 'github');
    expect(github.stdout).toMatch(/^::error file=.*2_b\.sql/);
    const json = await lint(...rule, '--format', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({ fileCount: 2, errorCount: 1 });
    const sarif = await lint(...rule, '--format', 'sarif');
    expect(JSON.parse(sarif.stdout)).toMatchObject({ version: '2.1.0' });
  });

  test('takes single files', async () => {
    await folder.write({ '2_b.sql': 'drop table t;' });
    const { stdout } = await runInside(['lint', join(folder.path, '2_b.sql'), '--json']);
    expect(JSON.parse(stdout.split('\n').at(-2) ?? '')).toMatchObject({ fileCount: 1 });
  });

  test.each([
    [['--rule', 'ban-drop-table'], 'expected ID=off'],
    [['--rule', 'nonsense=off'], 'there is no rule nonsense'],
    [['--server-version', '8'], 'from 9'],
    [['--since', 'yesterday'], 'a version such as'],
    [['--trace', '--format', 'sarif'], 'expected text or json'],
    [['--trace', '2_b.sql'], 'not single files'],
  ])('%j is a usage error', async (args, message) => {
    const { exitCode, stderr } = await lint(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });

  test('with --trace shows the locks of a replay', { timeout: 30_000 }, async () => {
    const { exitCode, stdout } = await lint('--trace');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('ACCESS EXCLUSIVE on t');
    expect(stdout).toContain('2 files, 2 statements');
  });

  test('a package that is not installed is a usage error with the command that installs it', () => {
    const cause = Object.assign(new Error('x'), { code: 'ERR_MODULE_NOT_FOUND' });
    const peer = new MissingPeerError('libpg-query', '18', cause);
    expect(exitCodeOf(peer)).toBe(2);
    expect(errorLines(peer).map(plainText).join('\n')).toContain(
      'npm install --save-dev libpg-query@18',
    );
    const withoutPg = new Error('a URL needs the package pg: npm install pg', { cause });
    expect(exitCodeOf(new ConnectionError('x', undefined, { cause: withoutPg }))).toBe(2);
    expect(exitCodeOf(new ConnectionError('x', undefined, { cause }))).toBe(1);
  });
});

describe('explain', () => {
  test('tells about a rule, lists all, and knows what was meant', async () => {
    expect(await runInside(['explain', 'ban-drop-table'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('ban-drop-table'),
    });
    const { stdout } = await runInside(['explain']);
    expect(stdout).toMatch(/^ {2}ban-drop-table +(?:error|warning|off) /m);
    expect(await runInside(['explain', 'ban-drop-tabel'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Did you mean ban-drop-table?'),
    });
  });
});
