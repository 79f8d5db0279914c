// Runs a command on the pinned toolchain: `node .ci/bootstrap.mjs <command> [arguments]`.
//
// Started by pnpm, the workspace is installed already and the command runs as it is. Started by
// npm, this file first brings in pnpm through npx and installs what the lockfile pins, Node
// included; `node_modules/.bin` then leads PATH, so the command runs on the pinned Node even where
// the machine's is older. Plain JavaScript, because Node 20 cannot run TypeScript.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = join(root, '.bootstrap.lock');
const stamp = join(root, 'node_modules', '.bootstrap-stamp');
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const startedByPnpm = (process.env.npm_config_user_agent ?? '').startsWith('pnpm/');

const [command, ...args] = process.argv.slice(2);
if (command === undefined) fail('usage: node .ci/bootstrap.mjs <command> [arguments]');

if (!startedByPnpm) await install();
// pnpm is not on the PATH of somebody who came with npm: it stays behind npx.
const words =
  command === 'pnpm' && !startedByPnpm
    ? ['npx', '-y', packageManager, ...args]
    : [command, ...args];
process.exitCode = await run(words);

/** Installs from the lockfile, once: a stamp tells later runs that nothing has changed since. */
async function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .update(readFileSync(join(root, 'pnpm-workspace.yaml')))
    .digest('hex');
  const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (installed()) return;
  await takeLock();
  try {
    if (installed()) return;
    console.log(`Installing the pinned toolchain with ${packageManager} (first run only)`);
    for (let attempt = 1; ; attempt += 1) {
      const code = await run(['npx', '-y', packageManager, 'install', '--frozen-lockfile']);
      if (code === 0) break;
      // Another checkout filling the same npx cache at this moment can make npx fail.
      if (attempt === 3) fail(`${packageManager} install failed with exit code ${code}`, code);
      await sleep(1000 * attempt);
    }
    writeFileSync(stamp, wanted);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** One install at a time in this checkout; a lock whose owner is gone is taken over. */
async function takeLock() {
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (ownerIsGone()) rmSync(lock, { recursive: true, force: true });
    else await sleep(200);
  }
}

function ownerIsGone() {
  try {
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Runs to the end, whatever signal comes: the child gets it too and does its own cleaning up. */
function run([file, ...rest]) {
  return new Promise((resolve) => {
    const child = spawn(file, rest, {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
      },
    });
    // A terminal sends Ctrl-C to the whole process group; a supervisor's SIGTERM comes here alone.
    const ignore = () => {};
    const forward = () => child.kill('SIGTERM');
    process.on('SIGINT', ignore).on('SIGTERM', forward);
    const end = (code) => {
      process.off('SIGINT', ignore).off('SIGTERM', forward);
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(`Could not start ${file}: ${error.message}`);
      end(127);
    });
    child.on('exit', (code, signal) => end(code ?? 128 + constants.signals[signal]));
  });
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}
