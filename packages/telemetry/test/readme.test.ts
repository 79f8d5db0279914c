import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('the first program of the README runs', () => {
  const directory = fileURLToPath(new URL('..', import.meta.url));
  const readme = readFileSync(`${directory}/README.md`, 'utf8');
  const program = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const output = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
    cwd: directory,
    encoding: 'utf8',
  });
  expect(output).toContain("error { message: 'no route' }");
  expect(output).toMatch(/delivered: 1,[^]*pending: 0/);
});
