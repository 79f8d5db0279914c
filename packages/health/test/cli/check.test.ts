import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/command.ts';
import { EXIT } from '../../src/cli/exit-code.ts';
import { helpText } from '../../src/cli/help.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { createHealth } from '../../src/index.ts';
import { toNodeListener } from '../../src/node/index.ts';
import { closeServersAfterEach, listening } from '../local-server.ts';
import { runProcess } from './process.ts';

closeServersAfterEach();

/** In this process. */
const run = (...argv: string[]) => runCli({ argv, env: {}, process });

async function serving(details: boolean) {
  const state = { database: 'pass' };
  const health = createHealth({
    checks: {
      database: () => {
        if (state.database === 'fail') throw new Error('no route to s3cret');
      },
      shop: { run: () => ({ status: 'warn', code: 'threshold' }), critical: false },
    },
    groups: { ready: ['database'] },
    defaults: { ttl: 1 },
    details,
  });
  return { health, state, url: await listening(toNodeListener(health)) };
}

describe('a page of this package', () => {
  test.each([true, false])('with details %s', async (details) => {
    const { health, state, url } = await serving(details);
    const line = async (path: string, ...more: string[]) => {
      const { exitCode, stdout, stderr } = await run('check', `${url}${path}`, ...more);
      expect(stderr).toBe('');
      return `${exitCode} ${stdout}`;
    };
    expect(await line('/readyz')).toBe('0 pass (HTTP 200)\n');
    expect(await line('/health')).toBe('0 warn (HTTP 200): shop threshold\n');
    expect(await line('/health', '--expect', 'pass')).toBe('1 warn (HTTP 200): shop threshold\n');
    expect(await line('/metrics')).toBe('1 fail (HTTP 404): bad_response\n');
    await health.drain({ delay: 1 });
    expect(await line('/readyz')).toBe('1 fail (HTTP 503): shutting_down\n');
    expect(await line('/livez')).toBe('0 pass (HTTP 200)\n');
    state.database = 'fail';
    await health.check('ready');
    expect(await line('/readyz')).toBe('1 fail (HTTP 503): shutting_down, database error\n');
    await health.stop();
  });
});

describe('a process', { timeout: 30_000 }, () => {
  test('ends with 0 or 1, loading neither zod nor the checks', async () => {
    const { health, url } = await serving(false);
    const modules = fileURLToPath(new URL('./modules.ts', import.meta.url));
    const good = await runProcess(['check', `${url}/readyz`], { nodeArgs: ['--import', modules] });
    expect([good.exitCode, good.stdout]).toEqual([0, 'pass (HTTP 200)\n']);
    expect(good.stderr).toContain('health/src/cli/commands/check.ts');
    expect(good.stderr).not.toMatch(/zod|health\/src\/(?:postgres|checks|index)|node:https|\/pg\//);
    await health.drain({ delay: 1 });
    expect(await runProcess(['check', `${url}/readyz`])).toEqual({
      exitCode: 1,
      stdout: 'fail (HTTP 503): shutting_down\n',
      stderr: '',
    });
    await health.stop();
  });

  test('has a limit of it all: a body that trickles in for ever is a timeout', async () => {
    const url = await listening((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      const trickling = setInterval(() => response.write('.'), 20);
      response.once('close', () => clearInterval(trickling));
    });
    expect(await runProcess(['check', url, '--timeout', '300ms'])).toEqual({
      exitCode: 1,
      stdout: 'fail (no answer): timeout: after 300 ms\n',
      stderr: '',
    });
  });

  test('of a wrong command line ends with 64, which Docker takes for a failed probe', async () => {
    const { exitCode, stdout, stderr } = await runProcess(['check']);
    expect([exitCode, stdout]).toEqual([64, '']);
    expect(stderr).toContain('the URL is missing');
  });
});

describe('no answer', () => {
  test('nobody listens', async () => {
    expect(await run('check', 'http://127.0.0.1:1/')).toMatchObject({
      exitCode: 1,
      stdout: 'fail (no answer): refused: ECONNREFUSED\n',
    });
  });

  test('something else than HTTP, or a connection that is cut', async () => {
    for (const [answer, reason] of [
      ['SSH-2.0-s3cret\r\n', 'bad_response: HPE_INVALID_CONSTANT'],
      ['HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nok', 'refused'],
      ['', 'refused: ECONNRESET'],
    ] as const) {
      const server = createServer((socket) => {
        socket.once('data', () => socket.end(answer));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      const { exitCode, stdout } = await run('check', `http://127.0.0.1:${port}`);
      await new Promise((resolve) => server.close(resolve));
      expect(exitCode).toBe(1);
      expect(stdout).toContain(`fail (no answer): ${reason}`);
      expect(stdout).not.toContain('s3cret');
    }
  });

  test('a body without end is cut off', async () => {
    const url = await listening((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`"${'x'.repeat(2_000_000)}"`);
    });
    expect((await run('check', url)).stdout).toBe(
      'fail (no answer): bad_response: the body is longer than 1048576 bytes\n',
    );
  });
});

test('sends the headers given, and follows no redirect', async () => {
  const seen: (string | undefined)[] = [];
  const url = await listening((request, response) => {
    seen.push(request.headers.authorization, request.headers.host);
    response.writeHead(302, { location: '/' }).end();
  });
  const headers = ['--header', 'Authorization: Bearer s3cret', '--header', 'host: a.example'];
  const { exitCode, stdout } = await run('check', url, ...headers);
  expect([exitCode, stdout]).toEqual([1, 'fail (HTTP 302): bad_response\n']);
  expect(seen).toEqual(['Bearer s3cret', 'a.example']);
});

test.each([
  [[]],
  [['chek', 'http://s3cret/']],
  [['check', 'http://s3cret/', 'more-s3cret']],
  [['check', 's3cret.example/health']],
  [['check', 'ftp://u:s3cret@host/']],
  [['check', 'http://u:s3cret@/x']],
  [['check', 'http://a/', '--header', 's3cret']],
  [['check', 'http://a/', '--header', 'a: b\r\nc: s3cret']],
  [['check', 'http://a/', '--timeout', '5']],
  [['check', 'http://a/', '--timeout', '0s']],
  [['check', 'http://a/', '--timeout']],
  [['check', 'http://a/', '--expect', 's3cret']],
  [['check', 'http://a/', '--expct=s3cret']],
  [['doctor', 'postgres://u:s3cret@h/db']],
  [['doctor', '--json=s3cret']],
])('usage: %j', async (argv) => {
  const { exitCode, stdout, stderr } = await run(...argv);
  expect([exitCode, stdout]).toEqual([64, '']);
  expect(stderr).toMatch(/^ops-health: /);
  expect(stderr).not.toContain('s3cret');
});

test('help has every option, and the version is that of the package', async () => {
  for (const { name, options } of COMMANDS) {
    const { exitCode, stdout } = await run(name, '--whatever', '--help');
    expect([exitCode, stdout]).toEqual([0, helpText(name)]);
    for (const option of Object.keys(options)) expect(stdout).toContain(`  --${option} `);
    expect((await run('--help')).stdout).toContain(`  ${name} `);
  }
  expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('the README and the help have every exit code', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, told = ''] = /^Exit codes: (.*)$/m.exec(readme) ?? [];
  const inReadme = [...told.matchAll(/`(\d+)`/g)].map(([, code]) => Number(code));
  expect(inReadme).toEqual([
    EXIT.ok,
    EXIT.failed,
    EXIT.warnings,
    EXIT.errors,
    EXIT.usage,
    130,
    143,
  ]);
  for (const code of inReadme) expect(helpText(undefined)).toMatch(new RegExp(`\\b${code}\\b`));
});
