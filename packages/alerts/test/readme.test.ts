import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('README', () => {
  it('opens with a program that runs and prints what it says', () => {
    const [, program = ''] = /```ts\n([\s\S]+?)```/.exec(readme) ?? [];
    const [, printed = 'nothing'] = /^\/\/ (FIRING.+)$/m.exec(program) ?? [];
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--input-type=module-typescript', '--eval', program],
      { cwd: `${import.meta.dirname}/..`, encoding: 'utf8', timeout: 20_000 },
    );
    expect(stderr).toContain(printed);
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  });

  it('is at most 200 lines', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(200);
  });
});
