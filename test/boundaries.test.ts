import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const names = globSync('packages/*/package.json', { cwd: root }).map(
  (path) => path.split('/')[1] ?? '',
);

it('has the six packages', () => {
  expect(names.toSorted()).toEqual([
    'alerts',
    'cleanup',
    'health',
    'migrations',
    'telemetry',
    'timeout',
  ]);
});

it.each(names)('%s uses no package of this repository but @ops/timeout', (name) => {
  const imported = globSync(`packages/${name}/src/**/*.ts`, { cwd: root }).flatMap((path) => {
    const source = readFileSync(`${root}${path}`, 'utf8');
    return [...source.matchAll(/(?:from|import\() ?'(@ops\/[a-z]+)/g)].map(([, found]) => found);
  });
  const allowed = name === 'timeout' ? [] : ['@ops/timeout'];
  expect([...new Set(imported)]).toEqual(allowed);
  const manifest = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const ours = Object.keys(manifest.dependencies).filter((found) => found.startsWith('@ops/'));
  expect(ours).toEqual(allowed);
});
