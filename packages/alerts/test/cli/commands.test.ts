import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { calls } from './fixtures/fake.config.ts';
import { FIXTURES } from './process.ts';

const CONFIG = ['--config', `${FIXTURES}fake.config.ts`];

function run(...argv: readonly string[]): ReturnType<typeof runCli> {
  return runCli({ argv, env: { USER: 'bob' }, process: new EventEmitter(), progress() {} });
}

afterEach(() => {
  calls.length = 0;
});

describe('silence', () => {
  it('is made of what is given', async () => {
    const { exitCode, stdout } = await run(
      'silence',
      '--rule',
      'a',
      '--rule',
      'b',
      '--severity',
      'low',
      '--label',
      'region=eu',
      '--label',
      'region=us',
      '--label',
      '__proto__=x',
      '--for',
      '2h',
      '--by',
      'ann',
      '--reason',
      'deploy',
      ...CONFIG,
    );
    expect([exitCode, stdout]).toEqual([0, 'Silence s2 until 2026-01-02 12:00:00 UTC.\n']);
    expect(calls).toEqual([
      {
        match: {
          rule: ['a', 'b'],
          severity: ['low'],
          labels: Object.fromEntries([
            ['region', ['eu', 'us']],
            ['__proto__', ['x']],
          ]),
        },
        for: '2h',
        by: 'ann',
        reason: 'deploy',
      },
      'closed',
    ]);
  });

  it('of every alert must be asked for', async () => {
    const rest = ['--for', '2h', '--reason', 'x', ...CONFIG];
    expect(await run('silence', ...rest)).toMatchObject({ exitCode: 2 });
    expect(await run('silence', '--all', '--rule', 'a', ...rest)).toMatchObject({ exitCode: 2 });
    expect(calls).toEqual([]);
    expect(await run('silence', '--all', ...rest)).toMatchObject({ exitCode: 0 });
    expect(calls[0]).toEqual({ match: {}, for: '2h', by: 'bob', reason: 'x' });
  });

  it('is listed and ended', async () => {
    expect((await run('silence', '--list', ...CONFIG)).stdout).toMatch(
      /s1 +2026-01-02 12:00:00 +{"rule":"errorSpike"} +ann +deploy/,
    );
    expect(await run('silence', '--end', 's1', ...CONFIG)).toMatchObject({ exitCode: 0 });
    expect(await run('silence', '--end', 's9', ...CONFIG)).toMatchObject({ exitCode: 1 });
  });
});

describe('ack', () => {
  it('takes charge of an alert, as whoever is logged in', async () => {
    const { exitCode, stdout } = await run('ack', 'a1', '--note', 'on it', ...CONFIG);
    expect([exitCode, stdout]).toEqual([
      0,
      'bob has taken charge of a1: 142 errors in the last 1h, over 100\n',
    ]);
    expect(calls[0]).toEqual(['a1', { by: 'bob', note: 'on it' }]);
  });

  it('says that there is no such alert', async () => {
    expect(await run('ack', 'a2', ...CONFIG)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'ops-alerts: There is no alert a2\n',
    });
    const { stdout } = await run('ack', 'a2', '--json', ...CONFIG);
    expect(JSON.parse(stdout)).toMatchObject({
      exitCode: 1,
      error: { code: 'ERR_OPS_ALERT_NOT_FOUND' },
    });
    expect(calls).toContain('closed');
  });
});

describe('history', () => {
  it('shows nothing that acts on a terminal', async () => {
    const { exitCode, stdout } = await run(
      'history',
      '--since',
      '30d',
      '--rule',
      'r',
      '--limit',
      '5',
      ...CONFIG,
    );
    expect(exitCode).toBe(0);
    expect(calls[0]).toEqual({ since: '30d', rule: 'r', limit: 5 });
    expect(stdout.split('\n')).toHaveLength(3);
    expect(stdout).toContain(String.raw`line\u000abreak \u001b[31m`);
    expect(stdout).toMatch(/resolved +medium +2026-01-02 11:00:00 +30m/);
  });
});

describe('active', () => {
  it('exits with 0 when there are none', async () => {
    expect(await run('active', ...CONFIG)).toEqual({
      exitCode: 0,
      stdout: 'There are no alerts.\n',
      stderr: '',
    });
    const { stdout } = await run('active', '--json', ...CONFIG);
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 0, alerts: [], silences: [{ id: 's1' }] });
  });
});

describe('command line', () => {
  it.each([
    [[], 'A command is missing'],
    [['nonsense'], 'no such command'],
    [['test'], 'the channel is missing'],
    [['test', 'a', 'b'], 'a word too many'],
    [['active', '--sinc', '7d'], 'there is no option --sinc'],
    [['history', '--since', 'soon', ...CONFIG], '--since: expected a duration'],
    [['history', '--since', '0s', ...CONFIG], '--since: expected more than 0'],
    [['history', '--limit', '-5', ...CONFIG], '--limit'],
    [['silence', '--rule', 'a', '--reason', 'x', ...CONFIG], '--for is missing'],
    [['silence', '--rule', 'a', '--for', '2h', ...CONFIG], '--reason is missing'],
    [
      ['silence', '--severity', 'bad', '--for', '2h', '--reason', 'x', ...CONFIG],
      '--severity: expected one of low',
    ],
    [['silence', '--label', 'x', '--for', '2h', '--reason', 'x', ...CONFIG], 'NAME=VALUE'],
    [['simulate', ...CONFIG], '--events is missing'],
    [['active', '--config', '/nowhere.ts'], 'there is no file /nowhere.ts'],
    [['active', '--config', `${FIXTURES}events.ndjson`], 'cannot be loaded'],
    [['simulate', '--events', '/nowhere', ...CONFIG], 'no export named options'],
  ])('%j is refused with 2', async (argv, message) => {
    const { exitCode, stdout, stderr } = await run(...argv);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('without a name of a user asks for one', async () => {
    const ended = await runCli({
      argv: ['ack', 'a1', ...CONFIG],
      env: {},
      process: new EventEmitter(),
      progress() {},
    });
    expect(ended).toMatchObject({ exitCode: 2 });
    expect(ended.stderr).toContain('--by is missing');
  });

  it('has help for every command, which names every option', async () => {
    const { stdout } = await run('--help');
    for (const { name, options } of COMMANDS) {
      expect(stdout).toContain(`  ${name} `);
      const help = (await run(name, '--help')).stdout;
      expect(await run('help', name)).toMatchObject({ exitCode: 0, stdout: help });
      for (const option of [...Object.keys(options), 'config', 'json'])
        expect(help).toContain(`--${option}`);
      for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(200);
    }
  });

  it('prints the version', async () => {
    const { version } = JSON.parse(
      readFileSync(`${import.meta.dirname}/../../package.json`, 'utf8'),
    ) as { version: string };
    expect(await run('--version')).toMatchObject({ exitCode: 0, stdout: `${version}\n` });
  });

  it('leaves no listener for signals behind', async () => {
    const target = new EventEmitter();
    await runCli({ argv: ['active', ...CONFIG], env: {}, process: target, progress() {} });
    expect(target.eventNames()).toEqual([]);
  });
});
