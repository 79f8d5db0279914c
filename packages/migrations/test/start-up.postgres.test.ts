import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { useDatabase } from '../../../test/postgres.ts';
import { useFolder } from './folder.ts';
import { inSchema } from './replica.ts';

const db = useDatabase();
const folder = useFolder();

/** Modules of this package by their place in src, others by their package. */
async function modulesOfUp(): Promise<Set<string>> {
  const script = fileURLToPath(new URL('./list-modules.ts', import.meta.url));
  const args = [script, inSchema(db.url, db.schema), folder.path, db.schema];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const names = stdout.split('\n').map((url) => {
    const [, inside] = /packages\/migrations\/src\/(.*)$/.exec(url) ?? [];
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
    const [, sibling] = /packages\/(timeout\/src\/[^/]+)/.exec(url) ?? [];
    return inside ?? name ?? sibling ?? url;
  });
  return new Set(names);
}

test('up with nothing to do loads neither parser nor engine, nor zod', async () => {
  await folder.write({ '1_a.sql': 'select 1' });
  const heavy = [
    'migrate.ts',
    'sql/lexer.ts',
    'sql/classify.ts',
    'sources/parse-migration.ts',
    'engine/apply.ts',
  ];
  const working = await modulesOfUp();
  expect(heavy.filter((name) => !working.has(name))).toEqual([]);
  const idle = await modulesOfUp();
  expect([...idle].filter((name) => /^(?:engine|lint|zod)\b/.test(name))).toEqual([]);
  const others = ['adopt.ts', 'timeout/src/pipeline.ts', 'timeout/src/retry.ts', 'p-retry'];
  expect([...heavy, ...others].filter((name) => idle.has(name))).toEqual([]);
  expect(idle).toContain('pg');
});
