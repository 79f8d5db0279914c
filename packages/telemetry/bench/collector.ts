import { startProgram } from './program.ts';
import type { Collected, Mode } from './programs/collector.ts';

/** A collector in a process of its own, so that its work is not the client's. */
export interface Collector extends Disposable {
  readonly origin: string;
  become(mode: Mode): Promise<void>;
  report(): Promise<Collected>;
}

export async function startCollector(): Promise<Collector> {
  const program = startProgram<unknown>('collector', {});
  const origin = (await program.next()) as string;
  const ask = (order: unknown): Promise<unknown> => {
    const answer = program.next();
    program.send(order);
    return answer;
  };
  return {
    origin,
    become: async (mode) => void (await ask({ mode })),
    report: async () => (await ask('report')) as Collected,
    [Symbol.dispose]: () => program[Symbol.dispose](),
  };
}
