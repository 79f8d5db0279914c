import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const bootstrap = fileURLToPath(new URL('../.ci/bootstrap.mjs', import.meta.url));
let checkout = '';

/** A checkout whose `npx` notes what it is asked, and takes as long as there is a file `slow`. */
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'bootstrap-test-'));
  for (const folder of ['.ci', 'bin', 'node_modules']) mkdirSync(join(checkout, folder));
  copyFileSync(bootstrap, join(checkout, '.ci/bootstrap.mjs'));
  writeFileSync(join(checkout, 'package.json'), '{"packageManager":"pnpm@1.2.3"}');
  writeFileSync(join(checkout, 'pnpm-lock.yaml'), '');
  writeFileSync(join(checkout, 'pnpm-workspace.yaml'), '');
  const npx = `#!/bin/sh
cd "${checkout}"
echo "$*" >> asked
while [ -e slow ]; do sleep 0.02; done
exit $(cat code 2> /dev/null || echo 0)
`;
  writeFileSync(join(checkout, 'bin/npx'), npx);
  chmodSync(join(checkout, 'bin/npx'), 0o755);
});
afterEach(() => {
  rmSync(checkout, { recursive: true, force: true });
});

const INSTALL = '-y pnpm@1.2.3 install --frozen-lockfile';
const asked = (): string[] =>
  existsSync(join(checkout, 'asked'))
    ? readFileSync(join(checkout, 'asked'), 'utf8').trim().split('\n')
    : [];
const locks = (): string[] =>
  readdirSync(checkout).filter((name) => name.startsWith('.bootstrap.lock'));

function start(...command: string[]): ChildProcess {
  return spawn(process.execPath, ['.ci/bootstrap.mjs', ...command], {
    cwd: checkout,
    stdio: 'ignore',
    env: {
      PATH: [join(checkout, 'bin'), process.env['PATH']].join(delimiter),
      npm_config_user_agent: 'npm/10.0.0',
    },
  });
}

async function run(...command: string[]): Promise<unknown> {
  const [code] = await once(start(...command), 'exit');
  return code;
}

it('installs once, and asks the registry for nothing after that', async () => {
  expect(await run('true')).toBe(0);
  expect(await run('pnpm', 'check')).toBe(0);
  expect(asked()).toEqual([INSTALL, '-y --prefer-offline pnpm@1.2.3 check']);
  expect(locks()).toEqual([]);
});

it('installs once when several copies start together', async () => {
  const codes = await Promise.all([run('true'), run('true'), run('true')]);
  expect(codes).toEqual([0, 0, 0]);
  expect(asked()).toEqual([INSTALL]);
});

it.each([
  ['killed before it wrote its id', []],
  ['killed after it', ['4194305']],
  ['from another container, with an id that is no number', ['pid']],
])('takes over a lock that was left by an owner %s', async (_, owners) => {
  mkdirSync(join(checkout, '.bootstrap.lock'));
  for (const owner of owners) {
    writeFileSync(join(checkout, '.bootstrap.lock', owner), '');
  }
  const codes = await Promise.all([run('true'), run('true'), run('true')]);
  expect(codes).toEqual([0, 0, 0]);
  expect(asked()).toEqual([INSTALL]);
  expect(locks()).toEqual([]);
});

it('ends when it is interrupted during the install, instead of trying again', async () => {
  writeFileSync(join(checkout, 'slow'), '');
  const child = start('touch', 'went-on');
  const ended = once(child, 'exit');
  await vi.waitFor(() => {
    expect(asked()).toEqual([INSTALL]);
  });
  child.kill('SIGINT');
  // As npx does when it gets the same Ctrl-C.
  writeFileSync(join(checkout, 'code'), '130');
  rmSync(join(checkout, 'slow'));
  expect(await ended).toEqual([130, null]);
  expect(asked()).toEqual([INSTALL]);
  expect(existsSync(join(checkout, 'went-on'))).toBe(false);
  expect(locks()).toEqual([]);
});

it('gives up after three failed installs, with the exit code of the last', {
  timeout: 20_000,
}, async () => {
  writeFileSync(join(checkout, 'code'), '7');
  expect(await run('touch', 'went-on')).toBe(7);
  expect(asked()).toEqual([INSTALL, INSTALL, INSTALL]);
  expect(existsSync(join(checkout, 'went-on'))).toBe(false);
});
