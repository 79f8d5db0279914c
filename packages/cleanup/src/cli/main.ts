#!/usr/bin/env node
import process from 'node:process';
import { runCli } from './run-cli.ts';

const { env, stderr: terminal } = process;
const isTerminal = terminal.isTTY && env['TERM'] !== 'dumb';
const isPlain = (env['NO_COLOR'] ?? '') !== '';
// Nobody may read any more, as after `| head`: the work goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const { exitCode, stdout, stderr } = await runCli({
  argv: process.argv.slice(2),
  env,
  process,
  hasColors: !isPlain && process.stdout.isTTY && process.stdout.hasColors(),
  columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  terminal: {
    columns: isTerminal ? () => terminal.columns : undefined,
    write: (text) => void terminal.write(text),
  },
  now: () => performance.now(),
});
await Promise.all([written(process.stdout, stdout), written(process.stderr, stderr)]);
// Not by itself: the configuration may have opened what never ends, such as a pool.
process.exit(exitCode);

function written(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve());
  });
}
