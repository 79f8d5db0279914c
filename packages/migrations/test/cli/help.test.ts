import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { runInside } from './world.ts';

test('the help of the program', async () => {
  const { exitCode, stdout, stderr } = await runInside(['--help']);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatchSnapshot();
});

test('without a command, the same is printed and is no success', async () => {
  const { stdout } = await runInside(['--help']);
  expect(await runInside([])).toEqual({ exitCode: 2, stdout, stderr: '' });
});

test.each(COMMANDS.map(({ name }) => name))('the help of %s', async (name) => {
  const { exitCode, stdout } = await runInside([name, '--help']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatchSnapshot();
  const widest = Math.max(...stdout.split('\n').map((line) => line.length));
  expect(widest).toBeLessThanOrEqual(100);
});

test('every command can be loaded', async () => {
  const modules = await Promise.all(COMMANDS.map(({ load }) => load()));
  expect(modules.map(({ run }) => typeof run)).toEqual(COMMANDS.map(() => 'function'));
});

test('the version is that of the package', async () => {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
  expect(await runInside(['--version'])).toEqual({
    exitCode: 0,
    stdout: `${manifest.version}\n`,
    stderr: '',
  });
});

test('usage errors name the place and what may be meant', async () => {
  expect(await runInside(['stauts'])).toMatchInlineSnapshot(`
    {
      "exitCode": 2,
      "stderr": "✗ There is no command 'stauts'
      hint  Did you mean status?
    ",
      "stdout": "",
    }
  `);
  expect(await runInside(['up', '--al'])).toMatchInlineSnapshot(`
    {
      "exitCode": 2,
      "stderr": "✗ ops-migrate up: there is no option --al
      hint  Did you mean --allow-out-of-order?
    ",
      "stdout": "",
    }
  `);
  const { stdout, stderr, exitCode } = await runInside(['up', '--json', '--al']);
  expect([exitCode, stderr]).toEqual([2, '']);
  expect(JSON.parse(stdout)).toMatchInlineSnapshot(`
    {
      "command": null,
      "error": {
        "hint": "Did you mean --allow-out-of-order?",
        "message": "ops-migrate up: there is no option --al",
        "name": "UsageError",
      },
      "exitCode": 2,
      "type": "summary",
    }
  `);
});
