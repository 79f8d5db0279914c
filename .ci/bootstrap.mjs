// Runs a command on the pinned toolchain: `node .ci/bootstrap.mjs <command> [arguments]`.
//
// Started by pnpm, the workspace is installed already and the command runs as it is. Started by
// npm, this file first brings in pnpm through npx and installs what the lockfile pins, Node
// included; `node_modules/.bin` then leads PATH, so the command runs on the pinned Node even where
// the machine's is older. Plain JavaScript, because Node 20 cannot run TypeScript.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
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
if (command === undefined) {
  console.error('usage: node .ci/bootstrap.mjs <command> [arguments]');
  process.exit(1);
}

let wasInterrupted = false;

const installCode = startedByPnpm ? 0 : await install();
// pnpm is not on the PATH of somebody who came with npm: it stays behind npx, whose cache has it by
// now; without the flag npx asks the registry all the same, and waits over a minute for none.
const words =
  command === 'pnpm' && !startedByPnpm
    ? ['npx', '-y', '--prefer-offline', packageManager, ...args]
    : [command, ...args];
process.exitCode = installCode === 0 ? await run(words) : installCode;

/** Installs from the lockfile, once: a stamp tells later runs that nothing has changed since. */
async function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .update(readFileSync(join(root, 'pnpm-workspace.yaml')))
    .digest('hex');
  const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (installed()) return 0;
  await takeLock();
  try {
    if (installed()) return 0;
    console.log(`Installing the pinned toolchain with ${packageManager} (first run only)`);
    for (let attempt = 1; ; attempt += 1) {
      const code = await run(['npx', '-y', packageManager, 'install', '--frozen-lockfile']);
      if (wasInterrupted) return code || 130;
      if (code === 0) break;
      // Another checkout filling the same npx cache at this moment can make npx fail.
      if (attempt === 3) {
        console.error(`${packageManager} install failed with exit code ${code}`);
        return code;
      }
      await sleep(1000 * attempt);
    }
    writeFileSync(stamp, wanted);
    return 0;
  } finally {
    releaseLock();
  }
}

/**
 * One install at a time in this checkout. The lock is a folder with a file in it that is named by
 * its owner's process id. It comes into being by a rename, which succeeds for one, over an empty
 * folder too, so that no moment of a kill leaves a lock that nobody owns. An owner that is gone
 * is removed by its id: whoever is late to notice cannot remove the next owner.
 */
async function takeLock() {
  let hasTold = false;
  for (;;) {
    const found = owners();
    const owner = found.find(isRunning);
    if (owner === undefined && tryLock(found)) return;
    if (owner !== undefined && !hasTold) {
      console.log(
        `Waiting for process ${owner}, which installs here (if it does not: rm -r ${lock})`,
      );
      hasTold = true;
    }
    await sleep(200);
  }
}

function tryLock(gone) {
  for (const owner of gone) rmSync(join(lock, owner), { force: true });
  const made = `${lock}.${process.pid}`;
  mkdirSync(made, { recursive: true });
  writeFileSync(join(made, String(process.pid)), '');
  try {
    renameSync(made, lock);
    return true;
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
    throw error;
  }
}

function releaseLock() {
  rmSync(join(lock, String(process.pid)), { force: true });
  try {
    rmdirSync(lock);
  } catch {
    // Somebody else has it already.
  }
}

function owners() {
  try {
    return readdirSync(lock);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Another process by that id. In a container the id of one that was killed can come to be ours. */
function isRunning(owner) {
  const id = Number(owner);
  if (!Number.isInteger(id) || id <= 0 || id === process.pid) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
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
    const remember = () => {
      wasInterrupted = true;
    };
    const forward = () => {
      wasInterrupted = true;
      child.kill('SIGTERM');
    };
    process.on('SIGINT', remember).on('SIGTERM', forward);
    const end = (code) => {
      process.off('SIGINT', remember).off('SIGTERM', forward);
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(`Could not start ${file}: ${error.message}`);
      end(127);
    });
    child.on('exit', (code, signal) => end(code ?? 128 + constants.signals[signal]));
  });
}
