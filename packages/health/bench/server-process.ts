import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Contestant } from './contestants.ts';
import type { Behaviour, Usage } from './programs/serve.ts';

/** A server that runs; disposing of it ends the process. */
export interface ServerProcess extends AsyncDisposable {
  /** `http://host:port`, no slash at the end. */
  readonly origin: string;
  /** Where it is probed. */
  readonly url: string;
  usage(): Promise<Usage>;
}

/** Settings of Node that would change what is measured. */
const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...environment } = process.env;

/** @param toldOf the behaviour of its dependency, or where the database is. */
export async function startServer(
  { program, path, settings = {} }: Contestant,
  toldOf: Behaviour | URL,
): Promise<ServerProcess> {
  const child = fork(
    join(import.meta.dirname, 'programs', `${program}.ts`),
    [String(toldOf), JSON.stringify(settings)],
    // lightship writes a line about everything to standard output when told so; nobody is to.
    {
      env: { ...environment, NODE_ENV: 'production' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  const origin = `http://127.0.0.1:${String(await answerOf(child))}`;
  return {
    origin,
    url: origin + path,
    usage: async () => {
      child.send('usage');
      return (await answerOf(child)) as Usage;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** The next message; an error when the process ends without one. */
function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null): void => {
      const program = child.spawnargs.slice(1).join(' ');
      reject(new Error(`${program} ended by ${signal ?? `exit code ${code}`}`));
    };
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}
