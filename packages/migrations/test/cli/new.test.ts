import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFileName } from '../../src/sources/file-name.ts';
import { useFolder } from '../folder.ts';
import { type Printed, runInside } from './world.ts';

const folder = useFolder();

const make = (name: string, ...more: string[]): Promise<Printed> =>
  runInside(['new', name, '--dir', folder.path, ...more]);

describe('new', () => {
  test('makes a file with the time in UTC and the name', async () => {
    const { exitCode, stdout } = await make('Add  Plans: größe & 計画!');
    const [made = ''] = await readdir(folder.path);
    expect(exitCode).toBe(0);
    expect(made).toBe('20250201123000_add_plans_große_計画.sql');
    expect(stdout).toBe(`Made ${join(folder.path, made)}\n`);
    expect(readFileName(made)).toMatchObject({ role: 'up', version: '20250201123000' });
    expect(await readFile(join(folder.path, made), 'utf8')).toBe('-- add plans große 計画\n\n');
  });

  test('with --down makes the pair, with --json says which', async () => {
    const { stdout } = await make('x', '--down', '--json');
    expect(JSON.parse(stdout)).toEqual({
      type: 'summary',
      command: 'new',
      exitCode: 0,
      version: '20250201123000',
      files: [
        join(folder.path, '20250201123000_x.up.sql'),
        join(folder.path, '20250201123000_x.down.sql'),
      ],
    });
  });

  test('in the same second, and behind a clock that is ahead, the version goes on', async () => {
    await make('a');
    await make('a');
    await folder.write({ '20250201123059_b.ts': '' });
    await make('c');
    expect((await readdir(folder.path)).toSorted()).toEqual([
      '20250201123000_a.sql',
      '20250201123001_a.sql',
      '20250201123059_b.ts',
      '20250201123100_c.sql',
    ]);
  });

  test('a version from the far future is not followed', async () => {
    await folder.write({ '99999999999999_master.sql': '' });
    await make('a');
    expect(await readdir(folder.path)).toContain('20250201123000_a.sql');
  });

  test('a long name in a script of three bytes a letter fits into a file name', async () => {
    expect(await make('計'.repeat(150))).toMatchObject({ exitCode: 0 });
    const [made = ''] = await readdir(folder.path);
    expect(made).toBe(`20250201123000_${'計'.repeat(66)}.sql`);
  });

  test('letters that are made of several keep their usual form', async () => {
    await make('가나');
    expect(await readdir(folder.path)).toEqual(['20250201123000_가나.sql'.normalize('NFC')]);
  });

  test('a folder that is a file is a wrong --dir, not a failure', async () => {
    await folder.write({ plans: '' });
    const dir = join(folder.path, 'plans');
    const { exitCode, stderr } = await runInside(['new', 'a', '--dir', dir]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`ops-migrate new: ${dir} cannot be made (EEXIST)`);
  });

  test('a name without letters, or a path, makes no odd file', async () => {
    expect(await make('---')).toMatchObject({ exitCode: 2 });
    await make('../../etc/passwd');
    expect(await readdir(folder.path)).toEqual(['20250201123000_etc_passwd.sql']);
  });
});
