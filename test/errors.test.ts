import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const CODE = /ERR_OPS_[A-Z_]+[A-Z]\b/g;

/** Every code that is written out in an errors.ts. */
function codesOf(path: string): string[] {
  return read(path).match(CODE) ?? [];
}

const sources = globSync('packages/*/src/**/*errors.ts', { cwd: root });

it('finds the errors of all six packages', () => {
  expect(sources.length).toBeGreaterThanOrEqual(6);
});

it('documents every error code, and no code that does not exist', () => {
  const thrown = new Set(sources.flatMap(codesOf));
  const documented = new Set(read('docs/errors.md').match(CODE));
  expect([...documented].toSorted()).toEqual([...thrown].toSorted());
});

it.each(sources)('has every code of %s in the README of its package', (path) => {
  const readme = read(path.replace(/src\/.*/, 'README.md'));
  for (const code of codesOf(path)) expect(readme).toContain(code);
});

it('declares error codes nowhere else', () => {
  const elsewhere = globSync('packages/*/src/**/*.ts', { cwd: root })
    .filter((path) => !path.endsWith('errors.ts'))
    .filter((path) => /code = 'ERR_OPS/.test(read(path)));
  expect(elsewhere).toEqual([]);
});
