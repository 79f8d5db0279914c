import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Contestant } from './measure.ts';
import type { LoadResult } from './programs/load.ts';

/** The application, in a process of its own. */
export interface Load {
  /** Requests from now on are counted under this name. */
  mark(phase: string): void;
  stop(): Promise<LoadResult>;
  kill(): void;
}

/** What it is told of the table: `expired` says which rows are touched. */
export async function startLoad(
  url: string,
  { rows, expired, withoutSteps = false }: Pick<Contestant, 'rows' | 'expired' | 'withoutSteps'>,
): Promise<Load> {
  const program = fileURLToPath(new URL('./programs/load.ts', import.meta.url));
  const child = fork(program, [url, String(rows), expired, String(withoutSteps)], {
    serialization: 'advanced',
  });
  const closed = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const next = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`the load ended with exit code ${code}`)));
    });
  await next();
  return {
    mark: (phase) => void child.send({ phase }),
    async stop() {
      const answer = next();
      child.send({});
      const result = (await answer) as LoadResult;
      await closed;
      return result;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
