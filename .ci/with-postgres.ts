// Runs a command with TEST_DATABASE_URL set to a temporary server of the given binaries:
// node .ci/with-postgres.ts <folder of postgres and initdb> <command> [arguments]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startTemporaryPostgres } from '../test/temporary-postgres.ts';

const [binaries, command, ...args] = process.argv.slice(2);
if (binaries === undefined || command === undefined) {
  console.error('usage: node .ci/with-postgres.ts <bin folder> <command> [arguments]');
  process.exit(2);
}
await using server = await startTemporaryPostgres({
  binaries,
  settings: { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' },
});
// Not spawnSync: somebody has to read what the server logs, or it blocks once the pipe is full.
const child = spawn(command, args, {
  stdio: 'inherit',
  env: { ...process.env, TEST_DATABASE_URL: server.url },
});
const [code] = await once(child, 'exit');
process.exitCode = typeof code === 'number' ? code : 1;
