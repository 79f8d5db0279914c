import { EventEmitter } from 'node:events';
import { runCli, type World } from '../../src/cli/run-cli.ts';

/** Runs a command line in this process; `written` is what came on the way. */
export async function runLine(
  argv: readonly string[],
  world: Partial<World> = {},
): Promise<Awaited<ReturnType<typeof runCli>> & { readonly written: string }> {
  let written = '';
  const terminal = { columns: undefined, write: (text: string) => void (written += text) };
  const ended = await runCli({
    argv,
    env: {},
    process: new EventEmitter(),
    hasColors: false,
    columns: undefined,
    terminal,
    now: () => 0,
    ...world,
  });
  return { ...ended, written };
}
