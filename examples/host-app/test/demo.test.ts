import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const demo = fileURLToPath(new URL('../demo.ts', import.meta.url));

function run(args: string[], env: NodeJS.ProcessEnv = {}): { code: number | null; said: string } {
  const { status, stderr } = spawnSync(process.execPath, [demo, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 20_000,
  });
  return { code: status, said: stderr };
}

it('ends with 2 and says how it is used when an argument is wrong', { timeout: 30_000 }, () => {
  const { code, said } = run(['--scale', 'many']);
  expect(code).toBe(2);
  expect(said).toContain("--scale: expected a whole number from 1 to 100, got 'many'");
  expect(said).toContain('usage: npm run demo');
});

it('ends with 1 and says in one line why a step failed', { timeout: 30_000 }, () => {
  const { code, said } = run([], { TMPDIR: '/nowhere/at/all' });
  expect(code).toBe(1);
  expect(said).toMatch(/\nThis step failed: ENOENT.*\/nowhere\/at\/all.*\n$/);
  expect(said).not.toContain('    at ');
});
