#!/usr/bin/env node
import process from 'node:process';
import { runCli } from './run-cli.ts';

/** To the beginning of the line, and empty it. */
const CLEAR = '\r\u001B[K';
const isShown = process.stderr.isTTY && process.env['TERM'] !== 'dumb';

const { exitCode, stdout, stderr } = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  process,
  progress(text) {
    if (isShown) process.stderr.write(CLEAR + text);
  },
});
await Promise.all([written(process.stdout, stdout), written(process.stderr, stderr)]);
// Not by itself: the configuration may have opened what never ends, such as a pool.
process.exit(exitCode);

/** Also when nobody reads any more: how the program ends says enough. */
function written(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.on('error', () => resolve());
    stream.write(text, () => resolve());
  });
}
