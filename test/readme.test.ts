import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

// Beside the host app, because there every package resolves as it does for a user.
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}examples/host-app/.snippets`;
const readmes = ['README.md', ...globSync('packages/*/README.md', { cwd: root })];

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('compiles the first program of every README as it stands', { timeout: 60_000 }, () => {
  for (const readme of readmes) {
    const program = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${root}${readme}`, 'utf8'))?.[1];
    expect(program, `${readme} has a program`).toBeDefined();
    writeFileSync(`${folder}/${readme.replaceAll(/\W+/g, '-')}.ts`, program ?? '');
  }
  writeFileSync(
    `${folder}/tsconfig.json`,
    JSON.stringify({
      // As strict as a new project is, not as strict as this one.
      compilerOptions: {
        noEmit: true,
        strict: true,
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2024', 'esnext.disposable'],
        types: ['node'],
        rewriteRelativeImportExtensions: true,
        skipLibCheck: true,
      },
      include: ['*.ts'],
    }),
  );
  const compile = (): string =>
    execFileSync('tsc', ['-p', `${folder}/tsconfig.json`], { encoding: 'utf8', cwd: root });
  let output = '';
  try {
    compile();
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  expect(output).toBe('');
});
