import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { answers, calls } from './fixtures/fake.config.ts';
import { FIXTURES } from './process.ts';
import { runLine } from './run-world.ts';

const CONFIG = ['--config', `${FIXTURES}fake.config.ts`];

/** The cursor's movements before the first line. */
const MOVES = new RegExp(`^${String.fromCodePoint(27)}\\[\\d+A\\r${String.fromCodePoint(27)}\\[J`);

const AS_WRITTEN = { ...answers };
afterEach(() => {
  calls.length = 0;
  Object.assign(answers, AS_WRITTEN);
});

describe('the command line', () => {
  it.each([
    [[], 'A command is missing'],
    [['purge'], 'There is no such command'],
    [['run', '--polciy', 'x'], 'there is no option --polciy'],
    [['run', 'x'], 'a word too many'],
    [['undo'], 'the run is missing'],
    [['run', '--time', '20'], '--time: expected a duration'],
    [['run', '--time', '0s'], '--time: expected more than 0'],
    [['run', '--rows', '-5'], 'a value is missing, or too much, for --rows'],
    [['run', '--rows', '1e6'], '--rows: expected a whole number'],
    [['run', '--config', 'nowhere.ts'], 'there is no file nowhere.ts'],
  ])('%j is refused with 2', async (argv, message) => {
    const { exitCode, stdout, stderr } = await runLine(argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('says it in JSON where JSON is wanted', async () => {
    const { exitCode, stdout, stderr } = await runLine(['run', '--rows', 'x', '--json']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 2, error: { name: 'UsageError' } });
  });

  it('has a help for each command that names its options and exit codes', async () => {
    const all = await runLine(['--help']);
    expect(all).toMatchObject({ exitCode: 0, stderr: '' });
    for (const { name, options } of COMMANDS) {
      expect(all.stdout).toContain(`  ${name} `);
      const { stdout, exitCode } = await runLine([name, '--help', '--whatever']);
      expect(exitCode).toBe(0);
      for (const option of Object.keys(options)) expect(stdout).toContain(`--${option}`);
      expect(stdout).toMatch(/Exit codes: 0 [\s\S]*130\s+interrupted/);
      const lines = `${all.stdout}${stdout}`.split('\n');
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
    }
  });

  it('passes on what status is given', async () => {
    const line = 'status --policy events --policy jobs --overdue-after 3d'.split(' ');
    expect(await runLine([...line, ...CONFIG])).toMatchObject({ stderr: '' });
    expect(calls).toEqual([['status', { policies: ['events', 'jobs'], overdueAfter: '3d' }]]);
  });

  it('tells a run whose process died from one that is under way', async () => {
    const startedAt = '2026-01-02T00:00:00Z';
    const lastRun = { runId: 'r1', startedAt, stopped: null, deleted: 5, softDeleted: 0 };
    const jobs = {
      policy: 'jobs',
      table: 'jobs',
      lateMs: 0,
      lastRun,
      lastDrainedAt: null,
      why: '',
    };
    const running = { runId: 'r1', owner: 'host/1', startedAt };
    answers.status = { ok: true, running, policies: { jobs } };
    expect((await runLine(['status', ...CONFIG])).stdout).toMatch(/^jobs .* not yet /m);
    answers.status = { ok: true, running: null, policies: { jobs } };
    expect((await runLine(['status', ...CONFIG])).stdout).toMatch(/^jobs .* died /m);
  });

  it('lists a table row by row where the terminal is too narrow for it', async () => {
    const wide = await runLine(['run', ...CONFIG, '--quiet'], { columns: 200 });
    expect(wide.stdout).toMatch(/^POLICY +ENDED +DELETED/);
    const narrow = await runLine(['run', ...CONFIG, '--quiet'], { columns: 40 });
    expect(narrow.stdout).toMatch(/^\w+\n {2}ENDED +\S+\n {2}DELETED +\S+\n/);
  });

  it('takes only what is exported as a cleanup', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ops-cleanup-'));
    try {
      const write = (name: string, text: string): string => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };
      const cases = [
        [write('a.mjs', 'export const other = {}'), 'no export named cleanup'],
        [write('b.mjs', 'export const cleanup = { plan() {} }'), 'no stream()'],
        [write('c.mjs', "throw new Error('postgres://me:hunter22@db/app')"), 'cannot be loaded'],
      ] as const;
      for (const [file, message] of cases) {
        const { exitCode, stderr } = await runLine(['run', '--config', file]);
        expect(exitCode).toBe(2);
        expect(stderr).toContain(message);
        expect(stderr).not.toContain('hunter22');
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('run', () => {
  it('passes on what is given, and prints a table', async () => {
    const { exitCode, stdout, stderr } = await runLine([
      ...'run --policy events --policy jobs --time 20m --rows 2000000 --accept abc'.split(' '),
      ...CONFIG,
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const budget = { time: '20m', rows: 2_000_000 };
    expect(calls).toEqual([['run', { policies: ['events', 'jobs'], accept: 'abc', budget }]]);
    expect(stdout).toMatch(/^POLICY +ENDED +DELETED +BATCHES +P50 +P99 +WAL +TOOK$/m);
    expect(stdout).toMatch(
      /^events +drained +1,234,567 +250 +41ms +88ms +812 MB +1m 1s\n\nevents\n {2}waited 12s/m,
    );
  });

  it.each([
    ['budget-rows', 3],
    ['budget-time', 3],
    ['stopped', 3],
    ['throttled', 3],
    ['busy', 3],
    ['blocked', 3],
    ['refused', 4],
    ['failed', 1],
    ['fenced', 1],
  ])('of a policy that ended as %s exits with %d', async (stopped, exitCode) => {
    answers.stopped = stopped;
    expect(await runLine(['run', ...CONFIG])).toMatchObject({ exitCode });
    const { stdout, written } = await runLine(['run', '--json', ...CONFIG]);
    expect(JSON.parse(stdout)).toMatchObject({ exitCode, report: { deleted: 1_234_567 } });
    expect(written).toBe('');
  });

  it('that cannot begin exits with 1, and hides passwords', async () => {
    answers.error = new AggregateError([], '');
    expect(await runLine(['run', ...CONFIG])).toMatchObject({
      exitCode: 1,
      stderr: 'ops-cleanup: AggregateError\n',
    });
    answers.error = new Error(
      'no pa%24sword or pa$sword for postgres://me:se/cr@et@db/app\u001B[2J',
    );
    const env = { DATABASE_URL: 'postgres://me:pa%24sword@db/app' };
    const { exitCode, stderr } = await runLine(['run', ...CONFIG], { env });
    expect(exitCode).toBe(1);
    expect(stderr).toBe('ops-cleanup: no *** or *** for postgres://me:***@db/app\\u001b[2J\n');
  });

  it('tells progress as lines where there is no terminal, and not too many', async () => {
    let ms = 0;
    const now = (): number => {
      ms += 6_000;
      return ms;
    };
    const { written } = await runLine(['run', ...CONFIG], { now });
    expect(written.split('\n')).toEqual([
      'events: ~10,000 rows of "public"."events" before 2026-01-02T00:00:00.000000Z',
      'events: 5,000 of ~10,000 rows, 1,235/s, 4s left, waits: replication-lag: standby \\u001b[31m is 12 s behind',
      'events: drained, 1,234,567 rows',
      '',
    ]);
    expect(await runLine(['run', '--quiet', ...CONFIG])).toMatchObject({ written: '' });
  });

  it('draws bars on a terminal, and takes them away', async () => {
    const drawn: string[] = [];
    const terminal = { columns: () => 60, write: (text: string) => void drawn.push(text) };
    let ms = 0;
    const now = (): number => {
      ms += 1_000;
      return ms;
    };
    await runLine(['run', ...CONFIG], { terminal, now });
    const half = drawn.find((text) => text.includes('█'));
    expect(half).toContain('██████████░░░░░░░░░░ events  5,000 of ~10,000 rows, 1,235/s');
    for (const text of drawn) {
      for (const line of text.split('\n')) {
        expect(line.replace(MOVES, '').length).toBeLessThan(60);
      }
    }
    // Nothing but the cursor's own movements reaches the terminal.
    expect(drawn.join('')).not.toContain('\u001B[31m');
    expect(drawn.at(-1)).toBe('\u001B[1A\r\u001B[J');
  });
});

describe('the other commands', () => {
  it('show what was undone, and exit with 3 when not all was', async () => {
    const good = await runLine(['undo', 'r1', ...CONFIG]);
    expect(good.exitCode).toBe(0);
    expect(good.stdout).toMatch(
      /^POLICY +TABLE +UNDONE +CHANGED SINCE\nworkflows +"workflows" +12 +1$/m,
    );
    answers.undoOk = false;
    const bad = await runLine(['undo', 'r1', ...CONFIG]);
    expect(bad.exitCode).toBe(3);
    expect(bad.stdout).toContain('blocked: id 7\\u000a8: rejected: duplicate key');
  });

  it('restore a policy into another table', async () => {
    const argv = ['restore', 'r1', '--policy', 'events', '--into', 'copy', '--from', '/mnt'];
    const { exitCode, stdout } = await runLine([...argv, ...CONFIG]);
    expect(exitCode).toBe(0);
    expect(calls).toEqual([['restore', 'r1', { policy: 'events', into: 'copy', from: '/mnt' }]]);
    expect(stdout).toMatch(/^events +"events" +"copy" +10 +2$/m);
    answers.restoreError = new Error('a file is damaged');
    const bad = await runLine(['restore', 'r1', '--json', ...CONFIG]);
    expect(bad.exitCode).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ report: { error: 'a file is damaged' } });
  });

  it('ask a run to stop, in the name of who asks', async () => {
    const { stdout } = await runLine(['stop', '--reason', 'deploy', ...CONFIG], {
      env: { USER: 'ann' },
    });
    expect(stdout).toBe('No run is under way.\n');
    expect(calls).toEqual([['stop', { by: 'ann', reason: 'deploy' }]]);
  });

  it('call a policy that is not there a mistake in the command line', async () => {
    const { exitCode, stderr } = await runLine(['plan', '--policy', 'x', ...CONFIG]);
    expect(exitCode).toBe(2);
    expect(stderr).toBe('ops-cleanup: cleanup.plan: policies: got \\u001b[2J\n');
  });
});
