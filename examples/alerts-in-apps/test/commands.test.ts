import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** Runs one of the files as the README says. */
function run(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
} {
  const cwd = `${import.meta.dirname}/..`;
  return spawnSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 30_000 });
}

// Starting Node.js takes seconds where all cores are busy.
describe('commands of the README', { timeout: 60_000 }, () => {
  it.each([['node-http'], ['hono']])('main.ts %s fires at the third error', (name) => {
    const { status, stdout } = run('main.ts', name);
    expect(status).toBe(0);
    expect(stdout).toContain('GET /orders/3: 500');
    expect(stdout).toMatch(/FIRING \(high\): errorSpike in orders \(example\): 3 errors/);
  });

  it.each([
    ['uncaughtException', []],
    ['unhandledRejection', ['rejection']],
  ])('crash.ts tells of an %s, and ends with 1', (_, args) => {
    const { status, stdout } = run('crash.ts', ...args);
    expect(status).toBe(1);
    expect(stdout).toMatch(/FIRING \(critical\): crash in orders \(example\)/);
  });

  it('sinks.ts tells of what a browser reported', () => {
    const { status, stdout } = run('sinks.ts');
    expect(status).toBe(0);
    expect(stdout).toMatch(/FIRING \(low\): fresh/);
  });
});
