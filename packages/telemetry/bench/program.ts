import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A process of its own; killed when disposed. */
export interface Program<Message> extends Disposable {
  send(message: unknown): void;
  /** The next message of it; rejects when it ends instead. Ask before it can come. */
  next(): Promise<Message>;
}

/** Starts `programs/<name>.ts`. The job is its argument, as JSON. */
export function startProgram<Message>(
  name: string,
  job: unknown,
  flags: readonly string[] = [],
): Program<Message> {
  const path = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
  const child: ChildProcess = fork(path, [JSON.stringify(job)], { execArgv: [...flags] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    send: (message) => void child.send(message as object),
    next: () =>
      new Promise((resolve, reject) => {
        child.once('message', (message) => resolve(message as Message));
        void exited.then((code) => reject(new Error(`${name} ended with exit code ${code}`)));
      }),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}

/** Runs it to its first message. */
export async function runProgram<Result>(
  name: string,
  job: unknown,
  flags: readonly string[] = [],
): Promise<Result> {
  using program = startProgram<Result>(name, job, flags);
  return await program.next();
}

/** In a program: its job. */
export function jobOf(): unknown {
  return JSON.parse(process.argv[2] ?? '');
}

/** In a program: tells its result, which is its last word. */
export function finish(result: unknown): void {
  process.send?.(result, () => process.exit(0));
}
