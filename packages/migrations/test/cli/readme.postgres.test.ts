import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-code.ts';
import { useProject } from './project.ts';

const { db, write, inside, run } = useProject();

const README = new URL('../../README.md', import.meta.url);
const BLOCK = /(<!-- output of ops-migrate -->\n\n```console\n)([\s\S]*?)(```\n)/;

/** Times differ from run to run, and with them the widths of columns. */
function withoutTimes(text: string): string {
  return text
    .replaceAll(/(?<=\s)(?:[\d.]+ m?s|\d+m \d\ds)(?=\s)/g, '<duration>')
    .replaceAll(/ {2,}/g, '  ');
}

async function session(): Promise<string> {
  await write({ '20250201000000_plans.sql': 'create table plans (id int, name text);' });
  await inside('up');
  await write({
    '20250302000000_plan_indexes.sql':
      'create unique index concurrently plans_id on plans (id);\ncreate index concurrently plans_name on plans (name);',
    '20250303000000_prices.sql': 'alter table plans add column price numeric;',
  });
  // What an interrupted build leaves behind.
  const pool = db.pool();
  await pool.query('insert into plans values (1), (1)');
  await expect(
    pool.query('create unique index concurrently plans_id on plans (id)'),
  ).rejects.toMatchObject({ code: '23505' });
  await pool.query('truncate plans');
  const shown: string[] = [];
  for (const command of ['plan', 'up']) {
    const { stdout, stderr } = await run(command);
    expect(stderr).toBe('Using migrations (no --dir given)\n');
    shown.push(`$ ops-migrate ${command}\n${stdout}`);
  }
  return shown.join('').replaceAll(`"${db.schema}"`, 'public');
}

// With UPDATE_README=1, what is printed is put into the README.
test('the README shows what the program prints', async () => {
  const printed = await session();
  const readme = await readFile(README, 'utf8');
  if (process.env['UPDATE_README'] === '1') {
    await writeFile(README, readme.replace(BLOCK, `$1${printed.replaceAll('$', '$$$$')}$3`));
    return;
  }
  const [, , shown = ''] = BLOCK.exec(readme) ?? [];
  expect(withoutTimes(shown)).toBe(withoutTimes(printed));
});

test('the README has every exit code', async () => {
  const readme = await readFile(README, 'utf8');
  const codes = [...readme.matchAll(/^\| `(\d+)` /gm)].map(([, code]) => Number(code));
  expect(codes).toEqual([...Object.values(EXIT), 130]);
});
